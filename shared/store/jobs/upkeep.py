"""What the keeper does with the store: take back lost slices, find what is to be erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.ids import is_id
from shared.jobs import Status
from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

Recovery = Literal["fresh", "ready", "split", "poison", "canceled", "gone"]
Overdue = Literal["ended", "fresh", "gone"]
_PUT_OFF_MS = 1_800_000  # the end of a job that comes due in a pause
Expiry = Literal["input", "result", "forgotten", "nothing"]


@dataclass(frozen=True)
class Due:
    """An ended job of which something is to be erased."""

    tenant: str
    job_id: str


class Upkeep:
    """The store as the keeper sees it: every step is atomic, and may be done twice."""

    def __init__(self, client: Client, max_crashes: int, clock: Clock = server_clock) -> None:
        self._client = client
        self._max_crashes = max_crashes
        self._scripts = Scripts(client, clock)

    def expired_leases(self, limit: int) -> list[tuple[str, str]]:
        """Job and slice of the leases that ran out, the oldest first."""
        found = self._scripts.due(keys.LEASES, limit)
        if nameless := [name for name in found if "/" not in name]:
            with store_faults():
                self._client.zrem(keys.LEASES, *nameless)
        parts = (name.partition("/") for name in found if "/" in name)
        return [(job_id, index) for job_id, _, index in parts]

    def recover(self, job_id: str, index: str) -> Recovery:
        """Take one slice back whose lease ran out."""
        outcome: Recovery = self._scripts.run("recover", job_id, index, self._max_crashes)
        return outcome

    def overdue(self, limit: int) -> list[str]:
        """Jobs that have not ended although their time is over."""
        return self._scripts.due(keys.DEADLINES, limit)

    def end_overdue(self, job_id: str) -> Overdue:
        """End a job whose time is over, naming the pages that were not read."""
        outcome: Overdue = self._scripts.run("overdue", job_id, _PUT_OFF_MS)
        return outcome

    def wake(self) -> None:
        """Write messages for the slices that wait and have lost theirs."""
        with store_faults():
            needs = self._client.hkeys(keys.NEEDS)
        for need in needs:
            self._scripts.run_on("wake", keys.of_job(""), "", need)

    def due(self, limit: int) -> list[Due]:
        """Jobs of which something is to be erased now."""
        now = self._scripts.now_ms()  # by the wall: what is kept is kept for so many days
        with store_faults():
            ids = self._client.zrange(
                keys.RETENTION, "-inf", now, byscore=True, offset=0, num=limit
            )
        return self._owned(ids)

    def _owned(self, ids: Sequence[str]) -> list[Due]:
        """The jobs with their tenants."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hget(keys.job(job_id), "tenant")
            tenants = pipe.execute(raise_on_error=False)
        # What is no record has no tenant; that it is none is found out in the next step.
        return [
            Due(tenant if isinstance(tenant, str) else "", job_id)
            for job_id, tenant in zip(ids, tenants, strict=True)
        ]

    def expire(self, due: Sequence[Due], *, input_erased: bool = False) -> list[Expiry | Exception]:
        """What of each job is to be erased; `input_erased` says that its bytes are.

        A record that cannot be used gives an error in its place.
        """
        erased = "1" if input_erased else ""
        return self._scripts.run_each(
            "expire", [(keys.of_job(one.job_id), [one.job_id, erased]) for one in due]
        )

    def erase(self, job_ids: Sequence[str]) -> list[int | Exception]:
        """Leave tombstones of jobs; an error in the place of a record that cannot be used."""
        return self._scripts.run_each("erase", [(keys.of_job(one), [one]) for one in job_ids])

    def crowded_out(self, most: int, limit: int) -> list[Due]:
        """Some ended jobs beyond what is kept of a tenant, the oldest first; tombstones likewise.

        Jobs are the caller's to erase; tombstones are due to be forgotten from now on.
        """
        due = []
        for tenant, ids in self._beyond("finished", most, limit):
            due += [Due(tenant, one) for one in ids]
        for tenant, ids in self._beyond(Status.EXPIRED, most, limit):
            with store_faults(), self._client.pipeline() as pipe:
                pipe.zadd(keys.RETENTION, dict.fromkeys(ids, 0))
                pipe.zrem(*keys.parts(f"jobs:{tenant}", [Status.EXPIRED]), *ids)
                pipe.execute()
        return due

    def _beyond(self, part: str, most: int, limit: int) -> Iterator[tuple[str, list[str]]]:
        with store_faults():
            owners = [name for name in self._client.hkeys(keys.PLACES) if name.startswith("jobs:")]
            names = [name for owner in owners for name in keys.parts(owner, [part])]
            with self._client.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.zcard(name)
                sizes = pipe.execute(raise_on_error=False)
            for owner, name, size in zip(owners, names, sizes, strict=True):
                if isinstance(size, int) and size > most:
                    last = min(size - most, limit) - 1
                    yield owner.removeprefix("jobs:"), self._client.zrange(name, 0, last)

    def let_go(self, due: Sequence[Due]) -> None:
        """Note that these jobs are not kept, whatever became of erasing them."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for one in due:
                pipe.zrem(*keys.parts(f"jobs:{one.tenant}", ["finished"]), one.job_id)
            pipe.execute()

    def erased(self, limit: int) -> list[Due]:
        """Erased jobs that may have bytes left, a minute after it."""
        return self._owned(self._scripts.due(keys.ERASED, limit))

    def cleaned(self, job_ids: Sequence[str]) -> None:
        """Note that nothing is left of the bytes of erased jobs."""
        if job_ids:
            with store_faults():
                self._client.zrem(keys.ERASED, *job_ids)

    def gone(self, ids: Sequence[str]) -> list[bool]:
        """Of each job, or batch, whether nothing of its bytes is wanted any more."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for one in ids:
                if is_id("bat", one):
                    pipe.hmget(keys.batch(one), ["uploads", "gone"])
                else:
                    pipe.hget(keys.job(one), "status")
            found = pipe.execute(raise_on_error=False)
        return [_is_gone(one) for one in found]


def _is_gone(found: Any) -> bool:
    """By a job's status, or a batch's uploads and end. Of what cannot be understood nothing is."""
    if isinstance(found, list):
        waiting, gone = found
        return waiting in (None, "0") or gone is not None
    return found in (None, "expired")
