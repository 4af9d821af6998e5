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
from api.status.metrics import metrics
from shared.errors import Unauthorized

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


def _end(answer: Response) -> Response:
    auditing.note(answer)
    if caller := g.get("grant"):
        answer = _granted(caller, answer)
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers["X-Request-ID"] = g.request_id
    route = request.url_rule.rule if request.url_rule else ""
    metrics().count(_method(), route, answer.status_code)
    _log.log(
        _level(answer.status_code),
        "request answered",
        method=_method(),
        route=route,
        status=answer.status_code,
        seconds=round(time.perf_counter() - g.started, 4),
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


def _method() -> str:
    """The method, if it is one: a label of the figures must not be the caller's to choose."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"


def _level(status: int) -> int:
    if status >= 500:
        return 30  # logging.WARNING
    return 10 if request.endpoint in _QUIET else 20
