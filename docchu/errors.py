"""The one tree of the client's errors.

The class docstring is the default detail. `transient` says whether trying again can help; the
client has done so already by the time that you see such an error.
"""

from __future__ import annotations

from typing import Any, ClassVar

from docchu.jobs import Job, PageProblem


class DocchuError(Exception):
    """Something went wrong between this client and the service.

    `code` is stable, `detail` is for people, `status` is the HTTP status if there was an answer.
    """

    code: str = "internal"
    transient: ClassVar[bool] = False

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().split("\n")[0]
        self.code = code or type(self).code
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(self.detail)


# The service cannot be spoken to, or cannot work right now.


class ServiceNotReachable(DocchuError):
    """There is no Docchu service at this address."""

    code = "service_not_reachable"
    transient = True


class ConnectionLost(ServiceNotReachable):
    """The connection to the Docchu service broke, or it did not answer in time."""

    code = "connection_lost"


class InvalidAddress(DocchuError, ValueError):
    """The address of the service is none."""

    code = "invalid_address"


class UnexpectedAnswer(DocchuError):
    """What answers at this address does not speak as Docchu does."""

    code = "unexpected_answer"


class Unauthorized(DocchuError):
    """The service wants another API key."""

    code = "unauthorized"


class ServiceFailed(DocchuError):
    """The service failed at this request."""


class Busy(DocchuError):
    """The service has too much to do: try again later."""

    code = "queue_full"
    transient = True


class Unavailable(DocchuError):
    """The service cannot work right now: try again in a moment."""

    code = "unavailable"
    transient = True


class NotSent(DocchuError):
    """The request could not be sent whole: did the document change meanwhile?"""

    code = "not_sent"


# The service does not take what it was asked.


class RequestRefused(DocchuError):
    """The service does not take this request."""

    code = "bad_request"


class InvalidOption(RequestRefused):
    """An option has a value that cannot be used."""

    code = "invalid_option"


class DocumentRefused(RequestRefused):
    """The service does not take this document."""

    code = "unsupported_media_type"


class StillTaken(RequestRefused):
    """An earlier try of this request is still being taken."""

    code = "idempotency_in_flight"
    transient = True


# What became of a batch.


class BatchNotFound(DocchuError):
    """There is no such batch."""

    code = "batch_not_found"


class WebhookNotFound(DocchuError):
    """There is no such webhook."""

    code = "webhook_not_found"


class DeliveryNotFound(DocchuError):
    """There is no such delivery, or its time is over."""

    code = "delivery_not_found"


class BatchGone(DocchuError):
    """The batch was erased or its time is over."""

    code = "batch_gone"


class BatchBusy(DocchuError):
    """The batch is still being canceled or retried: try again in a moment."""

    code = "batch_busy"
    transient = True


class BatchClosed(DocchuError):
    """The batch is closed, or full: no more documents can be added."""

    code = "batch_closed"


class BatchNotFinished(DocchuError):
    """The batch has not ended yet."""

    code = "batch_not_finished"


# What became of a job.


class JobNotFound(DocchuError):
    """There is no such job."""

    code = "job_not_found"


class JobGone(DocchuError):
    """The job was erased or its time is over."""

    code = "job_gone"


class DocumentNotKept(DocchuError):
    """The job's document is not kept any more: send it again."""

    code = "document_not_kept"


class JobNotFinished(DocchuError):
    """The job has not ended yet."""

    code = "job_not_finished"


class WaitTimedOut(JobNotFinished, TimeoutError):
    """The job, or the batch, did not end in the time given; it goes on."""

    code = "wait_timed_out"


class JobFailed(DocchuError):
    """The document could not be read: `code` and `detail` say why, `pages` which page how."""

    code = "job_failed"

    def __init__(self, detail: str | None = None, **facts: Any) -> None:
        super().__init__(detail, **facts)
        self.pages: tuple[PageProblem, ...] = ()

    @classmethod
    def of(cls, job: Job) -> JobFailed:
        """Make the error of a job that failed."""
        failed = cls(job.error.detail, code=job.error.code) if job.error else cls()
        failed.pages = job.problems
        return failed


class JobCanceled(DocchuError):
    """The job was canceled."""

    code = "job_canceled"


def of_unfinished(job: Job) -> DocchuError:
    """Make the error of asking for the result of a job that has none."""
    if job.status == "failed":
        return JobFailed.of(job)
    kinds: dict[str, type[DocchuError]] = {"canceled": JobCanceled, "expired": JobGone}
    return kinds.get(job.status, JobNotFinished)()
