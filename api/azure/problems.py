"""Errors as Azure tells them: `{"error": {"code", "message", "innererror"}}`, by our own codes.

After "Document Intelligence error guide" of Microsoft Learn.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from api.http.operations import JSON, ErrorBody
from api.http.problems import MEDIA_TYPE, STATUSES
from shared.errors import DocchuError
from shared.jobs import Problem

_STATUSES = {406: 400, 410: 404, 413: 400, 414: 400, 415: 400, 422: 400}
"""What has another status at Azure."""
_CODES = {
    400: ("InvalidRequest", "Invalid request."),
    401: ("401", "Access denied due to invalid subscription key or wrong API endpoint."),
    403: ("Forbidden", "Access forbidden due to policy or other configuration."),
    404: ("NotFound", "Resource not found."),
    405: ("MethodNotAllowed", "The requested HTTP method isn't allowed."),
    409: ("Conflict", "The request couldn't be completed due to a conflict."),
    429: ("429", "Too many requests. Try again later."),
    503: ("ServiceUnavailable", "A transient error has occurred. Try again."),
}
_UNEXPECTED = ("InternalServerError", "An unexpected error occurred.")
_ARGUMENT = ("InvalidArgument", "Invalid argument.")
_INNER = {
    "invalid_option": "InvalidParameter",
    "empty_document": "ParameterMissing",
    "address_refused": "OutboundAccessForbidden",
    "fetch_failed": "ContentSourceNotAccessible",
    "document_too_large": "InvalidContentLength",
    "too_many_pages": "InvalidContentLength",
    "page_too_large": "InvalidContentDimensions",
    "no_such_pages": "InvalidParameter",
    "format_not_available": "UnsupportedContent",
    "model_not_found": "ModelNotFound",
    "job_not_found": "OperationNotFound",
    "job_gone": "OperationNotFound",
    "queue_full": "TooManyRequests",
    "unauthorized": "AuthorizationFailed",
    "not_found": "NotFound",
    "method_not_allowed": "MethodNotAllowed",
}
_OF_ARGUMENT = ("invalid_option", "empty_document", "no_such_pages")
_INNER_OF = {400: "InvalidContent", 503: "ServiceUnavailable"}
_STATUS_OF = {kind.code: status for kind, status in STATUSES.items()}


class AzureInnerError(BaseModel):
    """What went wrong, more exactly."""

    code: str
    message: str


class AzureErrorDetails(BaseModel):
    """What went wrong, in Azure's words; `target` is the page, as a text."""

    code: str
    message: str
    target: str | None = Field(default=None, exclude_if=lambda target: target is None)
    innererror: AzureInnerError | None = Field(default=None, exclude_if=lambda inner: not inner)
    details: list[AzureErrorDetails] = Field(default=[], exclude_if=lambda details: not details)


class AzureError(BaseModel):
    """An error as Azure Document Intelligence tells it."""

    error: AzureErrorDetails


def status_of(kind: type[DocchuError]) -> int:
    """The status that Azure gives an error."""
    return _STATUSES.get(STATUSES[kind], int(STATUSES[kind]))


ERRORS = ErrorBody(JSON, AzureError, status_of)


def as_azure_says(answer: Response) -> Response:
    """Turn an answer that is a problem into Azure's error; others stay as they are."""
    if answer.mimetype != MEDIA_TYPE:
        return answer
    problem: dict[str, Any] = json.loads(answer.get_data())
    answer.status_code = _STATUSES.get(answer.status_code, answer.status_code)
    details = _details(problem["code"], problem["detail"], answer.status_code)
    answer.set_data(AzureError(error=details).model_dump_json())
    answer.mimetype = JSON
    return answer


def of_failed(problem: Problem) -> AzureErrorDetails:
    """Why a job has failed, page by page where that is known."""
    status = _STATUS_OF.get(problem.code, HTTPStatus.INTERNAL_SERVER_ERROR)
    pages = [
        AzureErrorDetails(code=_inner(page.code, 400), message=page.detail, target=str(page.page))
        for page in problem.pages
    ]
    whole = _details(problem.code, problem.detail, _STATUSES.get(status, int(status)))
    return whole.model_copy(update={"details": pages})


def _details(code: str, detail: str, status: int) -> AzureErrorDetails:
    top, message = _ARGUMENT if code in _OF_ARGUMENT else _CODES.get(status, _UNEXPECTED)
    inner = AzureInnerError(code=_inner(code, status), message=detail)
    return AzureErrorDetails(code=top, message=message, innererror=inner)


def _inner(code: str, status: int) -> str:
    return _INNER.get(code) or _INNER_OF.get(status, "Unknown")
