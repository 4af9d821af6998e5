"""What is done around every request: its id, its headers of safety, its line in the log."""

from __future__ import annotations

import re
import secrets
import time
from functools import partial

import structlog
from flask import Flask, Response, g, request

from api.http import auditing
from api.http.grants import Grant
from api.http.problems import of_error
from api.services import services
from api.status.metrics import answered
from shared.errors import Unauthorized
from shared.observing import tracing

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_QUIET = frozenset({"health.alive", "health.ping", "health.ready", "figures.show_figures"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_log = structlog.get_logger()


def register(app: Flask) -> None:
    """Put this around every request of the app."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    _begin_step()


def _begin_step() -> None:
    """Be a part of the caller's trace, if any are wanted."""
    parent = None if request.endpoint in _QUIET else request.headers.get("traceparent")
    g.step = tracing.begin(f"{_method()} {_route()}", parent, "server", request=g.request_id)
    if trace := g.step.traceparent:
        structlog.contextvars.bind_contextvars(trace=trace)


def _end(answer: Response) -> Response:
    auditing.note(answer)
    if caller := g.get("grant"):
        answer = _granted(caller, answer)
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers["X-Request-ID"] = g.request_id
    route, status = _route(), answer.status_code
    seconds = time.perf_counter() - g.started
    answered(_method(), route, status, seconds)
    told = {"http.request.method": _method(), "http.route": route}
    g.step.end(told | {"http.response.status_code": status}, failed=status >= 500)
    _log.log(
        _level(status),
        "request answered",
        method=_method(),
        route=route,
        status=status,
        seconds=round(seconds, 4),
        **(request.view_args or {}),
    )
    return answer


def _granted(caller: Grant, answer: Response) -> Response:
    """The answer, if the caller may still have it; from now on it is broken off if not."""
    if caller.revoked and (answer.is_streamed or answer.status_code >= 400):
        answer.close()
        answer = of_error(Unauthorized("This API key was revoked."))
    caller.answered = True
    answer.call_on_close(partial(services().grants.close, caller))
    return answer


def _route() -> str:
    return request.url_rule.rule if request.url_rule else ""


def _method() -> str:
    """The method, if it is one: a label of the figures must not be the caller's to choose."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"


def _level(status: int) -> int:
    if status >= 500:
        return 30  # logging.WARNING
    return 10 if request.endpoint in _QUIET else 20
