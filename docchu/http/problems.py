"""How the service's problems (RFC 9457) become the client's errors: one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docchu.errors import (
    BatchBusy,
    BatchClosed,
    BatchGone,
    BatchNotFinished,
    BatchNotFound,
    Busy,
    DeliveryNotFound,
    DocchuError,
    DocumentNotKept,
    DocumentRefused,
    InvalidOption,
    JobCanceled,
    JobFailed,
    JobGone,
    JobNotFinished,
    JobNotFound,
    RequestRefused,
    ServiceFailed,
    StillTaken,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    WebhookNotFound,
)

_BY_CODE: dict[str, type[DocchuError]] = {
    "batch_busy": BatchBusy,
    "batch_closed": BatchClosed,
    "batch_full": BatchClosed,
    "batch_gone": BatchGone,
    "batch_not_finished": BatchNotFinished,
    "batch_not_found": BatchNotFound,
    "delivery_not_found": DeliveryNotFound,
    "document_not_kept": DocumentNotKept,
    "document_too_large": DocumentRefused,
    "empty_document": DocumentRefused,
    "idempotency_in_flight": StillTaken,
    "invalid_option": InvalidOption,
    "job_canceled": JobCanceled,
    "job_failed": JobFailed,
    "job_gone": JobGone,
    "job_not_finished": JobNotFinished,
    "job_not_found": JobNotFound,
    # What we ask for is there, so this is not where a service is: the address has a path too much.
    "method_not_allowed": UnexpectedAnswer,
    "not_found": UnexpectedAnswer,
    "unsupported_media_type": DocumentRefused,
    "webhook_not_found": WebhookNotFound,
}
_BY_STATUS: dict[int, type[DocchuError]] = {
    401: Unauthorized,
    403: Unauthorized,
    429: Busy,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def from_problem(
    status: int, problem: Mapping[str, Any], retry_after_s: float | None
) -> DocchuError:
    """Make the error of an answer with an HTTP status from 400; `problem` may be empty.

    A proxy before the service answers without a problem, so for some the status is enough.
    """
    code, detail = problem.get("code"), problem.get("detail") or problem.get("title")
    kind = _BY_CODE.get(str(code)) or _BY_STATUS.get(status) or _other(status, code is not None)
    if kind is UnexpectedAnswer:
        detail = f"The answer was {status}, and not as Docchu answers there."
    return kind(
        str(detail) if detail else None,
        code=str(code) if code else None,
        status=status,
        retry_after_s=retry_after_s,
    )


def _other(status: int, is_problem: bool) -> type[DocchuError]:
    if status >= 500:
        return ServiceFailed
    return RequestRefused if is_problem else UnexpectedAnswer
