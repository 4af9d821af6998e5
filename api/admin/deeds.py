"""What operators do to jobs of all tenants: read them again, or do away with them."""

from __future__ import annotations

from functools import partial

from api.admin.shown import AdminPurge, AdminRequeue, AdminRequeued, PurgeBody, RequeueBody
from api.jobs.submission import Received, take
from api.services import Services
from shared.errors import DocchuError, InvalidOption, JobNotFound, QueueFull, ServiceError
from shared.incoming.sinks import UploadSink
from shared.jobs import Job, Status
from shared.options import JobRequest, RerunBody
from shared.settings import Settings

_PIECE = 200
"""Jobs of one request."""


def requeue(parts: Services, body: RequeueBody) -> AdminRequeue:
    """Make a new job of each. Raises InvalidOption, QueueFull where nothing could be done."""
    if bool(body.jobs) == body.failed or (body.jobs and body.tenant):
        raise InvalidOption("Name `jobs`, or say `failed`, of all or of a `tenant`.")
    ids, more = list(dict.fromkeys(body.jobs)), False
    if body.failed:
        tenants = [body.tenant] if body.tenant else parts.overview.tenants()
        ids = parts.overview.not_requeued(tenants, _PIECE + 1)
        ids, more = ids[:_PIECE], len(ids) > _PIECE
    done: list[AdminRequeued] = []
    for job_id in ids:
        try:
            done.append(_requeue(parts, job_id, mark=body.failed))
        except QueueFull:
            if not done:
                raise
            return AdminRequeue(jobs=done, more=True, queue_full=True)
    return AdminRequeue(jobs=done, more=more)


def _requeue(parts: Services, job_id: str, mark: bool) -> AdminRequeued:
    """A repeated request finds the job that an earlier one made. Raises ServiceError."""
    try:
        found = parts.jobs.of_ids([job_id])
        if not found:
            raise JobNotFound
        (job,) = found
        receive = partial(_again, parts.settings, job)
        new = take(parts, job.tenant, receive, key=f"requeue {job_id}").job
    except ServiceError:
        raise
    except DocchuError as error:
        if mark and not error.transient:  # or it would come again with the next request
            parts.overview.note_requeued(job_id, "")
        return AdminRequeued(job_id=job_id, code=error.code, detail=error.detail)
    parts.overview.note_requeued(job_id, new.id)
    return AdminRequeued(job_id=job_id, new_job_id=new.id)


def _again(settings: Settings, job: Job, sink: UploadSink) -> Received:
    """The job as it was asked for, once more."""
    max_ttl_s = settings.result_ttl_s
    asked = RerunBody.of_texts({}, max_ttl_s).over(job.options, job.metadata)
    options = JobRequest.of_json(asked, max_ttl_s)
    return Received(options, job.document.name, job.url, again=job)


def purge(parts: Services, body: PurgeBody) -> AdminPurge:
    """Do a piece. Raises InvalidOption."""
    if body.what == "waiting":
        return _purge_waiting(parts, body)
    if body.batch_id or body.older_than_s is None:
        raise InvalidOption("`ended` wants `older_than_s`, and a `tenant` or none.")
    tenants = [body.tenant] if body.tenant else parts.overview.tenants()
    due = parts.overview.ended_before(tenants, body.older_than_s, _PIECE + 1)
    for tenant, job_id in due[:_PIECE]:
        parts.batch_upkeep.erase_jobs([job_id])
        parts.blobs.delete_job(tenant, job_id)  # else the keeper does it, a minute later
    return AdminPurge(jobs=min(len(due), _PIECE), more=len(due) > _PIECE)


def _purge_waiting(parts: Services, body: PurgeBody) -> AdminPurge:
    if bool(body.tenant) == bool(body.batch_id) or body.older_than_s is not None:
        raise InvalidOption("`waiting` wants a `tenant` or a `batch_id`, and no `older_than_s`.")
    owner = f"batch:{body.batch_id}" if body.batch_id else f"jobs:{body.tenant}"
    ids = parts.overview.oldest(owner, Status.QUEUED, _PIECE + 1)
    parts.batch_upkeep.cancel_jobs(ids[:_PIECE])
    return AdminPurge(jobs=min(len(ids), _PIECE), more=len(ids) > _PIECE)
