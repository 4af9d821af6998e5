"""Puts together what operators see of the queue."""

from __future__ import annotations

import shutil

from api.admin.shown import (
    AdminFailure,
    AdminQueue,
    AdminReading,
    AdminRoom,
    AdminTenant,
    AdminTrouble,
    AdminWebhook,
)
from api.services import Services
from shared.errors import DocchuError
from shared.jobs import Job, SliceAttempt, Status, moment
from shared.running.disk import disk_faults, num_inodes
from shared.store import keys
from shared.store.overview import Backlog, Reading

_MOST_SHOWN = 20
_MOST_LOOKED = 200  # jobs that went wrong, for pages that ended their workers
_MOST_TENANTS = 1000  # whose webhooks are looked at


def of_reading(one: Reading) -> AdminReading:
    """A slice that is being read, as it is shown."""
    fields = {name: value for name, value in vars(one).items() if name != "since_ms"}
    return AdminReading(**fields, since=moment(one.since_ms))


def look(parts: Services) -> AdminQueue:
    """Everything. Raises Unavailable."""
    tenants = parts.overview.tenants()
    pauses = parts.pauses.all()
    bad = parts.overview.ended_badly(tenants, _MOST_LOOKED)
    all_paused = pauses.get(keys.EVERYBODY)
    return AdminQueue(
        paused_at=moment(all_paused) if all_paused else None,
        tenants=_tenants(parts, tenants, pauses),
        slowest=[of_reading(one) for one in parts.overview.readings()[:_MOST_SHOWN]],
        failed=_failures(parts, bad[:_MOST_SHOWN]),
        troubled=_troubled(parts, bad),
        webhooks=_webhooks(parts, tenants),
        records_set_aside=parts.gauges.read().set_aside,
        room=_room(parts),
    )


def _tenants(parts: Services, known: list[str], pauses: dict[str, int]) -> list[AdminTenant]:
    """Those of whom something waits, is paused or went wrong."""
    backlogs, overview = parts.overview.backlogs(), parts.overview
    failed = overview.counts("jobs", known, Status.FAILED)
    pending = overview.counts("deliveries", known, "pending")
    undelivered = overview.counts("deliveries", known, "failed")
    paused = pauses.keys() - {keys.EVERYBODY}
    found = []
    for tenant in sorted({*backlogs, *failed, *pending, *undelivered, *paused}):
        backlog = backlogs.get(tenant, Backlog())
        since = pauses.get(tenant)
        found.append(
            AdminTenant(
                tenant=tenant,
                pages=backlog.pages,
                interactive=backlog.waiting["interactive"],
                bulk=backlog.waiting["bulk"],
                oldest_at=moment(backlog.oldest_ms) if backlog.oldest_ms else None,
                paused_at=moment(since) if since else None,
                failed=failed.get(tenant, 0),
                deliveries_pending=pending.get(tenant, 0),
                deliveries_failed=undelivered.get(tenant, 0),
            )
        )
    return found


def _failures(parts: Services, ids: list[str]) -> list[AdminFailure]:
    again = parts.overview.requeued(ids)
    return [
        AdminFailure(
            job_id=job.id,
            tenant=job.tenant,
            status="failed" if job.status is Status.FAILED else "partial",
            finished_at=job.finished_at,
            code=job.error.code if job.error else "",
            detail=job.error.detail if job.error else "",
            requeued_as=again.get(job.id) or None,
        )
        for job in _still_bad(parts, ids)
    ]


def _troubled(parts: Services, ids: list[str]) -> list[AdminTrouble]:
    found = parts.overview.troubled_pages(ids)
    shown = _still_bad(parts, list(found)[:_MOST_SHOWN])
    return [
        AdminTrouble(
            job_id=job.id, tenant=job.tenant, pages=found[job.id], attempts=_attempts(parts, job)
        )
        for job in shown
    ]


def _still_bad(parts: Services, ids: list[str]) -> list[Job]:
    return parts.jobs.of_ids(ids, (Status.FAILED, Status.PARTIAL))


def _attempts(parts: Services, job: Job) -> list[SliceAttempt]:
    try:
        return parts.jobs.timeline(job.tenant, job.id)
    except DocchuError:  # erased this moment
        return []


def _webhooks(parts: Services, tenants: list[str]) -> list[AdminWebhook]:
    return [
        AdminWebhook(
            webhook_id=one.id,
            tenant=tenant,
            url=one.url,
            failing_since=one.failing_since,
            disabled_at=one.disabled_at,
            last_error=one.last_error,
        )
        for tenant in tenants[:_MOST_TENANTS]
        for one in parts.webhooks.all(tenant)
        if one.failing_since or one.disabled_reason in ("gone", "failing")
    ]


def _room(parts: Services) -> AdminRoom:
    folder = parts.settings.data_dir
    used, most = parts.overview.memory()
    with disk_faults():
        return AdminRoom(
            disk_free_bytes=shutil.disk_usage(folder).free,
            disk_free_files=num_inodes(folder),
            store_bytes=used,
            store_max_bytes=most,
        )
