"""Errors as HTTP: the one table of statuses, and every error as RFC 9457 problem+json."""

from __future__ import annotations

import json
import math
from http import HTTPStatus

import structlog
from flask import Flask, Response, current_app, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from shared import errors
from shared.errors import DocchuError
from shared.errors import batches as batch_errors
from shared.errors import documents as document_errors
from shared.errors import webhooks as webhook_errors

MEDIA_TYPE = "application/problem+json"
_MAX_DETAIL = 500  # characters; details may quote what the caller sent

STATUSES: dict[type[DocchuError], HTTPStatus] = {
    errors.DocchuError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.SettingError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.RequestError: HTTPStatus.BAD_REQUEST,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.EmptyDocument: HTTPStatus.BAD_REQUEST,
    errors.DocumentTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooManyDocuments: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.TooManyFailedLines: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.InvalidOption: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AddressRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.FetchFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.FormatNotAvailable: HTTPStatus.NOT_ACCEPTABLE,
    errors.ModelNotFound: HTTPStatus.NOT_FOUND,
    errors.NotOffered: HTTPStatus.CONFLICT,
    errors.IdempotencyMismatch: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IdempotencyInFlight: HTTPStatus.CONFLICT,
    errors.JobNotFound: HTTPStatus.NOT_FOUND,
    errors.JobGone: HTTPStatus.GONE,
    errors.DocumentNotKept: HTTPStatus.GONE,
    errors.PageNotFound: HTTPStatus.NOT_FOUND,
    errors.PageNotRead: HTTPStatus.CONFLICT,
    errors.PageFailed: HTTPStatus.CONFLICT,
    errors.LineNotFound: HTTPStatus.NOT_FOUND,
    errors.FieldNotFound: HTTPStatus.NOT_FOUND,
    errors.CorrectionsFull: HTTPStatus.CONFLICT,
    errors.JobNotFinished: HTTPStatus.CONFLICT,
    errors.JobFailed: HTTPStatus.CONFLICT,
    errors.JobCanceled: HTTPStatus.CONFLICT,
    batch_errors.BatchNotFound: HTTPStatus.NOT_FOUND,
    batch_errors.BatchGone: HTTPStatus.GONE,
    batch_errors.BatchClosed: HTTPStatus.CONFLICT,
    batch_errors.BatchFull: HTTPStatus.CONFLICT,
    batch_errors.BatchBusy: HTTPStatus.CONFLICT,
    batch_errors.BatchNotFinished: HTTPStatus.CONFLICT,
    webhook_errors.WebhookNotFound: HTTPStatus.NOT_FOUND,
    webhook_errors.TooManyWebhooks: HTTPStatus.CONFLICT,
    webhook_errors.DeliveryNotFound: HTTPStatus.NOT_FOUND,
    webhook_errors.DeliveryInFlight: HTTPStatus.CONFLICT,
    errors.StaleAttempt: HTTPStatus.CONFLICT,
    document_errors.DocumentError: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.DocumentDamaged: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.DocumentLost: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.DocumentEncrypted: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.DynamicForm: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.ArchiveUnreadable: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.ArchiveEntryRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.TooManyPages: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.NoSuchPages: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.PageTooLarge: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.PageTimeout: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.PageCrashed: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.PoisonPage: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.ReadFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.NoText: HTTPStatus.UNPROCESSABLE_ENTITY,
    document_errors.ModelUnusable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ServiceError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.QueueFull: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooSlow: HTTPStatus.GATEWAY_TIMEOUT,
}

# Seconds after which a transient error may be over, where the error itself does not say so.
_RETRY_AFTER_S: dict[type[DocchuError], int] = {
    errors.QueueFull: 10,
    errors.NotReady: 5,
    errors.Unavailable: 2,
}
_LEAST_RETRY_S, _MOST_RETRY_S = 1, 60

_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}

_log = structlog.get_logger()


class ProblemDetails(BaseModel):
    """An error as problem+json (RFC 9457). `code` is stable; further members are its facts."""

    type: str = "about:blank"
    title: str = Field(description="what the status means")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what went wrong, for people")
    code: str = Field(description="what went wrong, for programs")


def retry_after(eta_s: float | None) -> int:
    """Whole seconds to wait before asking again, from the measured page rate where there is one."""
    return min(max(math.ceil(eta_s or 0), _LEAST_RETRY_S), _MOST_RETRY_S)


def title(status: int) -> str:
    """What a status means, in the words of RFC 9110, which Python 3.13 has and 3.11 has not."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem(
    status: int, code: str, detail: str, facts: dict[str, object] | None = None
) -> Response:
    """Make a problem+json answer."""
    body = {
        **(facts or {}),
        "type": "about:blank",
        "title": title(status),
        "status": int(status),
        "detail": detail[:_MAX_DETAIL],
        "code": code,
    }
    return Response(json.dumps(body, default=str), status, mimetype=MEDIA_TYPE)


def of_error(error: DocchuError) -> Response:
    """Turn one of our errors into its answer."""
    facts = dict(error.facts)
    eta_s = facts.pop("eta_s", None)
    answer = problem(STATUSES[type(error)], error.code, error.detail, facts)
    if error.transient:
        default = _RETRY_AFTER_S.get(type(error), _LEAST_RETRY_S)
        wait_s = retry_after(eta_s) if isinstance(eta_s, float | int) else default
        answer.headers["Retry-After"] = str(wait_s)
    if isinstance(error, errors.Unauthorized):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="docchu"'
    return answer


def register(app: Flask) -> None:
    """Answer every error of the app as a problem."""
    app.register_error_handler(DocchuError, _on_docchu_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_unexpected_error)


def _on_docchu_error(error: DocchuError) -> Response:
    if STATUSES[type(error)] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning(
            "request could not be served; the caller may try again",
            code=error.code,
            reason=error.reason,
        )
    return of_error(error)


def _on_http_error(error: HTTPException) -> Response:
    """What routing and parsing found: unknown path, wrong method, a malformed request."""
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:  # a redirection
        return current_app.make_response(error.get_response())
    phrase, detail = title(error.code), error.description
    if isinstance(error, NotFound):
        detail = _nothing_here()
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        methods = ", ".join(sorted(error.valid_methods))
        detail = f"{request.method} is not for this address: {methods} are."
    answer = problem(error.code, phrase.lower().replace(" ", "_"), detail or phrase)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            answer.headers[name] = value
    return answer


def _nothing_here() -> str:
    path = request.path.rstrip("/")
    addresses = current_app.create_url_adapter(request)
    if path != request.path and addresses and addresses.test(path, request.method):
        return "There is nothing at this address; without the `/` at its end there is."
    return "There is nothing at this address: `/docs` shows those that there are."


def _on_unexpected_error(error: Exception) -> Response:
    _log.exception("request failed unexpectedly; the caller got a 500", exc_info=error)
    return unexpected()


def unexpected() -> Response:
    """The answer where nobody knows what went wrong."""
    detail = "Something went wrong in Docchu: its log says what."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, DocchuError.code, detail)
