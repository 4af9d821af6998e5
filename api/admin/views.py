"""Operators' requests: who works, what waits, and what is to be done about it."""

from __future__ import annotations

from flask import Blueprint

from api.admin import deeds, queue
from api.admin.shown import (
    AdminAudit,
    AdminPauses,
    AdminPurge,
    AdminQueue,
    AdminRequeue,
    AdminWorker,
    AdminWorkers,
    AuditQuery,
    DrainBody,
    PauseBody,
    PurgeBody,
    RequeueBody,
)
from api.http import auditing
from api.http.auth import authenticate_operator
from api.http.operations import operation
from api.services import services
from shared import errors
from shared.errors import InvalidOption
from shared.jobs import moment
from shared.store import keys

admin = Blueprint("admin", __name__)
admin.before_request(authenticate_operator)


@admin.get("/v1/admin/workers")
@operation(AdminWorkers)
def list_workers() -> AdminWorkers:
    """Show the workers that live, and what is being read"""
    return _workers()


def _workers() -> AdminWorkers:
    parts = services()
    drained = parts.workers.drained()
    workers = [
        AdminWorker(
            id=one.id,
            device=one.device,
            models=one.models or [one.model],
            num_slices=one.num_slices,
            seen_at=moment(one.seen_ms),
            drained_at=moment(drained[one.id]) if one.id in drained else None,
        )
        for one in parts.workers.alive()
    ]
    reading = [queue.of_reading(one) for one in parts.overview.readings()]
    return AdminWorkers(workers=workers, reading=reading)


@admin.get("/v1/admin/queue")
@operation(AdminQueue)
def show_queue() -> AdminQueue:
    """Show what waits, what is slow and what went wrong, of all tenants

    No names and no texts of documents.
    """
    return queue.look(services())


@admin.post("/v1/admin/pause")
@operation(AdminPauses, body=PauseBody)
def set_pause(body: PauseBody) -> AdminPauses:
    """Pause a tenant, or the whole service, or let it go on

    While it is paused nothing of it is claimed: what is being read is read to the end of its slice,
    what comes in is accepted and waits, and nobody's time runs out.
    """
    pauses = services().pauses
    if body.paused:
        pauses.pause(body.tenant)
    else:
        pauses.resume(body.tenant)
    auditing.say("pause" if body.paused else "resume", body.tenant or "everything")
    known = {name: moment(since) for name, since in pauses.all().items()}
    return AdminPauses(paused_at=known.pop(keys.EVERYBODY, None), tenants=known)


@admin.post("/v1/admin/drain")
@operation(AdminWorkers, body=DrainBody)
def drain_worker(body: DrainBody) -> AdminWorkers:
    """Let a worker finish what it reads and take nothing new, or go on

    It stays so until it is started anew. The answer is as of the list of workers.
    """
    if not services().workers.drain(body.worker, body.drained):
        raise InvalidOption("There is no such worker.", option="worker")
    auditing.say("drain" if body.drained else "undrain", body.worker)
    return _workers()


@admin.post("/v1/admin/requeue")
@operation(AdminRequeue, body=RequeueBody, errors=(errors.QueueFull,))
def requeue_jobs(body: RequeueBody) -> AdminRequeue:
    """Read documents of jobs again, each as a new job

    As `POST /v1/jobs/{id}/rerun` does, of any tenant: these jobs, or 200 failed ones that were not
    requeued yet; with `more` ask again. A repeated request makes no second job in 24 hours.
    """
    done = deeds.requeue(services(), body)
    auditing.say("requeue", _told(body.tenant or "failed" if body.failed else "", body.jobs))
    return done


@admin.post("/v1/admin/purge")
@operation(AdminPurge, body=PurgeBody)
def purge_jobs(body: PurgeBody) -> AdminPurge:
    """Cancel jobs that wait, or erase those that ended long ago

    200 of them; with `more` ask again. Jobs that wait are canceled, so their owners see it;
    `ended` ones are erased with all their bytes.
    """
    done = deeds.purge(services(), body)
    auditing.say(f"purge {body.what}", body.batch_id or body.tenant or "everything")
    return done


@admin.get("/v1/admin/audit")
@operation(AdminAudit, query=AuditQuery)
def list_audit(query: AuditQuery) -> AdminAudit:
    """Show who erased, canceled, retried, paused, newest first"""
    found = services().audit.newest(query.limit + 1, query.cursor)
    shown = found[: query.limit]
    cursor = shown[-1].id if len(found) > query.limit else None
    return AdminAudit(entries=shown, next_cursor=cursor)


def _told(what: str, jobs: list[str]) -> str:
    return what or " ".join(jobs[:10]) + (f" and {len(jobs) - 10} more" if len(jobs) > 10 else "")
