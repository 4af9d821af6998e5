"""The step that makes a job: its script's arguments, and why none is made, as our errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.errors import DocchuError, IdempotencyInFlight, QueueFull, StaleAttempt
from shared.errors.batches import BatchClosed, BatchFull, BatchGone
from shared.settings import Settings
from shared.store import keys
from shared.store.errands.fetches import fetch_route
from shared.store.jobs.idempotency import KEPT_MS, Claimed
from shared.store.jobs.records import NewJob
from shared.store.scripts import Scripts

_ERRORS: dict[str, type[DocchuError]] = {
    "full": QueueFull,
    "lost": IdempotencyInFlight,
    "gone": BatchGone,
    "closed": BatchClosed,
    "crowded": BatchFull,
    "stale": StaleAttempt,
}


@dataclass(frozen=True)
class Limits:
    """Pages that may wait, of all tenants and of one; jobs of a batch."""

    max_queued_pages: int
    max_queued_pages_per_tenant: int
    max_batch_jobs: int = 100_000

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those of the settings."""
        queued = settings.max_queued_pages, settings.max_queued_pages_per_tenant
        return cls(*queued, settings.max_batch_jobs)


def run_create(
    scripts: Scripts,
    limits: Limits,
    new: NewJob,
    claimed: Claimed | None = None,
    fingerprint: str = "",
    *,
    unpacked: bool = False,
    replaces: str = "",
) -> Any:
    """What `create.lua` answers of the new job, or the id of the one that has its place.

    Raises QueueFull, IdempotencyInFlight, BatchGone, BatchClosed, BatchFull, StaleAttempt,
    Unavailable.
    """
    key = keys.idempotency(new.tenant, claimed.key if claimed else "")
    more_keys: tuple[str, ...] = (keys.PLACES, key)
    more: list[object] = []
    if new.batch_id or new.url:
        more_keys += keys.membership(new.batch_id or "", replaces)
        more += ["1" if unpacked else "", limits.max_batch_jobs, replaces]
    if new.url:
        route = fetch_route(new.tenant, new.options, new.url)
        more_keys += tuple(route.keys)
        more += route.names
    answer = scripts.run(
        "create",
        new.id,
        new.record(),
        limits.max_queued_pages,
        limits.max_queued_pages_per_tenant,
        claimed.token if claimed else "",
        fingerprint,
        KEPT_MS,
        *more,
        more_keys=more_keys,
    )
    if isinstance(answer, str) and (error := _ERRORS.get(answer)):
        raise error
    return answer
