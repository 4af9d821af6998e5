"""The one tree of errors: what went wrong, whether trying again can help, and the facts of it.

The class docstring is the default message. HTTP statuses stand in one table, in
`api/http/problems.py`.
"""

from __future__ import annotations

from typing import ClassVar


class DocchuError(Exception):
    """Something went wrong in Docchu."""

    code: ClassVar[str] = "internal"
    transient: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, **facts: object) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().split("\n")[0]
        self.facts = facts
        super().__init__(self.detail)

    @property
    def reason(self) -> str:
        """For the log: the detail with what it came from, which is nothing to a caller."""
        return f"{self.detail} ({self.__cause__})" if self.__cause__ else self.detail


class SettingError(DocchuError):
    """A DOCCHU_ variable, or a file that it leads to, cannot be used."""

    code = "bad_setting"


# What a caller of the API did wrong.


class RequestError(DocchuError):
    """The request cannot be taken as it is."""

    code = "bad_request"


class Unauthorized(RequestError):
    """This service wants an API key: send `Authorization: Bearer dk_…`."""

    code = "unauthorized"


class Forbidden(RequestError):
    """This wants an API key of another role: `docchu keys create --role` makes one."""

    code = "forbidden"


class UnsupportedMediaType(RequestError):
    """The document is no PNG, JPEG, WebP, BMP, GIF, TIFF, HEIC, AVIF, JPEG 2000 or PDF."""

    code = "unsupported_media_type"


class EmptyDocument(RequestError):
    """The document is empty: send its bytes in the body or in the form field `file`."""

    code = "empty_document"


class DocumentTooLarge(RequestError):
    """The document is larger than this service takes."""

    code = "document_too_large"


class TooManyDocuments(RequestError):
    """The upload holds more documents than a batch may have."""

    code = "too_many_documents"


class TooManyFailedLines(RequestError):
    """More lines of the upload hold no document than ended jobs are kept."""

    code = "too_many_failed_lines"


class InvalidOption(RequestError):
    """An option has a value that cannot be used."""

    code = "invalid_option"


class AddressRefused(RequestError):
    """The address is not one that this service may connect to."""

    code = "address_refused"


class FetchFailed(RequestError):
    """The document could not be fetched from its address."""

    code = "fetch_failed"


class FormatNotAvailable(RequestError):
    """The result is not available in this format."""

    code = "format_not_available"


class ModelNotFound(RequestError):
    """No worker has loaded a model of this name."""

    code = "model_not_found"


class NotOffered(RequestError):
    """This is not done from here."""

    code = "not_offered"


class IdempotencyMismatch(RequestError):
    """This Idempotency-Key was used for another document or other options."""

    code = "idempotency_mismatch"


class IdempotencyInFlight(RequestError):
    """A request with this Idempotency-Key is still being taken: try again in a moment."""

    code = "idempotency_in_flight"
    transient = True


# What the state of a job does not allow.


class JobNotFound(DocchuError):
    """There is no such job."""

    code = "job_not_found"


class JobGone(DocchuError):
    """The job was erased or its time is over."""

    code = "job_gone"


class DocumentNotKept(DocchuError):
    """The document is not kept any more: send it again."""

    code = "document_not_kept"


class PageNotFound(DocchuError):
    """The job has no such page."""

    code = "page_not_found"


class PageNotRead(DocchuError):
    """The page has not been read yet."""

    code = "page_not_read"
    transient = True


class PageFailed(DocchuError):
    """The page could not be read."""

    code = "page_failed"


class LineNotFound(DocchuError):
    """The page has no such line."""

    code = "line_not_found"


class FieldNotFound(DocchuError):
    """Documents of this type have no such field."""

    code = "field_not_found"


class CorrectionsFull(DocchuError):
    """The job has as many corrections as are kept of one."""

    code = "corrections_full"


class JobNotFinished(DocchuError):
    """The job has not ended yet: wait for it with `GET /v1/jobs/{id}?wait=60`."""

    code = "job_not_finished"
    transient = True


class JobFailed(DocchuError):
    """The job failed: its `error` says why."""

    code = "job_failed"


class JobCanceled(DocchuError):
    """The job was canceled."""

    code = "job_canceled"


class StaleAttempt(DocchuError):
    """The slice is no longer this worker's: another attempt has it, or its job has ended."""

    code = "stale_attempt"


# What the service itself lacks right now.


class ServiceError(DocchuError):
    """The service cannot do this right now."""

    code = "unavailable"
    transient = True


class Unavailable(ServiceError):
    """The job store cannot be reached right now: try again in a moment."""

    code = "unavailable"


class QueueFull(ServiceError):
    """Too many pages are waiting already: try again later."""

    code = "queue_full"


class NotReady(ServiceError):
    """The service is up but cannot read documents right now."""

    code = "not_ready"


class TooSlow(ServiceError):
    """The document was not read in the time that this request may take."""

    code = "timeout"
