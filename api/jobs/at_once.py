"""A document that is read while its caller waits, who knows no job: taken, waited for, given up."""

from __future__ import annotations

from api.http.auth import grant, tenant
from api.http.problems import STATUSES
from api.jobs.submission import Receive, take
from api.services import Services
from shared import errors
from shared.errors.documents import DocumentError
from shared.jobs import Job, Status
from shared.options import JobRequest
from shared.settings import Settings

_WAIT_S = 120  # TorchServe's default_response_timeout
_LEAST_TTL_S = 600  # the caller knows no job that it could come back for
_OF_DOCUMENTS = {kind.code: kind for kind in STATUSES if issubclass(kind, DocumentError)}
READING = (errors.EmptyDocument, DocumentError, errors.QueueFull, errors.TooSlow)
"""What can go wrong, as the API's description says it."""


def short_lived(settings: Settings, model: str | None = None) -> JobRequest:
    """Options of a job that nobody comes back for."""
    max_ttl_s = settings.result_ttl_s
    return JobRequest.of_json({"ttl_s": min(_LEAST_TTL_S, max_ttl_s), "model": model}, max_ttl_s)


def read_at_once(parts: Services, receive: Receive) -> Job:
    """Read the request's document; its job has a result then.

    Raises what `take` does, TooSlow, what the document is like if it cannot be read, JobCanceled.
    """
    with parts.waiters.place() as free:
        if not free:
            raise errors.ServiceError("Too many requests are waiting already: try again later.")
        taken = take(parts, tenant(), receive)
        job = parts.waiters.wait(parts.jobs, grant(), taken.job.id, _WAIT_S)
    if not job.status.terminal:
        parts.jobs.cancel(tenant(), job.id)
        raise errors.TooSlow
    if job.status is Status.CANCELED:
        raise errors.JobCanceled
    if job.status is Status.FAILED and job.error is not None:
        kind = _OF_DOCUMENTS.get(job.error.code, DocumentError)
        raise kind(job.error.detail)
    return job
