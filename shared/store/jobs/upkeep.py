"""What the keeper does with the store: take back lost slices, find what is to be erased."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.ids import is_id
from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

Recovery = Literal["fresh", "ready", "split", "poison", "canceled", "gone"]
Overdue = Literal["ended", "fresh", "gone"]
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
        now = self._scripts.now_ms()
        with store_faults():
            found = self._client.zrange(keys.LEASES, "-inf", now, byscore=True, offset=0, num=limit)
        return [(job_id, index) for job_id, _, index in (name.partition("/") for name in found)]

    def recover(self, job_id: str, index: str) -> Recovery:
        """Take one slice back whose lease ran out."""
        outcome: Recovery = self._scripts.run("recover", job_id, index, self._max_crashes)
        return outcome

    def overdue(self, limit: int) -> list[str]:
        """Jobs that have not ended although their time is over."""
        now = self._scripts.now_ms()
        with store_faults():
            found: list[str] = self._client.zrange(
                keys.DEADLINES, "-inf", now, byscore=True, offset=0, num=limit
            )
        return found

    def end_overdue(self, job_id: str) -> Overdue:
        """End a job whose time is over, naming the pages that were not read."""
        outcome: Overdue = self._scripts.run("overdue", job_id)
        return outcome

    def wake(self) -> None:
        """Write messages for the slices that wait and have lost theirs."""
        with store_faults():
            needs = self._client.hkeys(keys.NEEDS)
        for need in needs:
            self._scripts.run_on("wake", keys.of_job(""), "", need)

    def due(self, limit: int) -> list[Due]:
        """Jobs of which something is to be erased now."""
        return self._jobs_due(keys.RETENTION, limit)

    def _jobs_due(self, name: str, limit: int) -> list[Due]:
        now = self._scripts.now_ms()
        with store_faults():
            ids = self._client.zrange(name, "-inf", now, byscore=True, offset=0, num=limit)
            with self._client.pipeline(transaction=False) as pipe:
                for job_id in ids:
                    pipe.hget(keys.job(job_id), "tenant")
                tenants = pipe.execute()
        return [Due(tenant or "", job_id) for job_id, tenant in zip(ids, tenants, strict=True)]

    def expire(self, due: Due, *, input_erased: bool = False) -> Expiry:
        """What of the job is to be erased; `input_erased` says that its bytes are."""
        outcome: Expiry = self._scripts.run(
            "expire",
            due.job_id,
            "1" if input_erased else "",
            more_keys=(keys.tenant_jobs(due.tenant),),
        )
        return outcome

    def erase(self, job_id: str) -> None:
        """Leave a tombstone of the job."""
        self._scripts.run("erase", job_id)

    def erased(self, limit: int) -> list[Due]:
        """Erased jobs that may have bytes left, a minute after it."""
        return self._jobs_due(keys.ERASED, limit)

    def cleaned(self, job_id: str) -> None:
        """Note that nothing is left of an erased job's bytes."""
        with store_faults():
            self._client.zrem(keys.ERASED, job_id)

    def is_gone(self, job_id: str) -> bool:
        """Whether nothing of the job's, or batch's, bytes is wanted any more."""
        if is_id("bat", job_id):
            with store_faults():
                waiting, gone = self._client.hmget(keys.batch(job_id), ["parcels", "gone"])
            return int(waiting or 0) == 0 or gone is not None
        with store_faults():
            status = self._client.hget(keys.job(job_id), "status")
        return status in (None, "expired")
