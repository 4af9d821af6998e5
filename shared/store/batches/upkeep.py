"""What the keeper does with batches: end them, go through their jobs, forget them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.store import keys
from shared.store.batches.batches import WalkKind
from shared.store.batches.records import COUNTS
from shared.store.batches.scripts import BatchScripts
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

Tended = Literal["walk", "retire", "finished", "forgotten", "waiting"]


@dataclass(frozen=True)
class Walk:
    """Something that is done to all jobs of a batch, and how far it has come."""

    batch_id: str
    tenant: str
    kind: WalkKind
    walked: int


class BatchUpkeep:
    """Every step is atomic, and may be done twice. Methods raise Unavailable."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._jobs = Scripts(client, clock)
        self._scripts = BatchScripts(client, clock)

    def cancel_jobs(self, ids: list[str]) -> None:
        """Cancel jobs in one round trip."""
        self._jobs.run_on_jobs("cancel", ids)

    def erase_jobs(self, ids: list[str]) -> None:
        """Leave tombstones of jobs in one round trip."""
        self._jobs.run_on_jobs("erase", ids)

    def walk(self, batch_id: str) -> Walk | None:
        """What is being done to its jobs, if anything is."""
        with store_faults():
            found = self._client.hmget(keys.batch(batch_id), ["tenant", "walk", "walked"])
        tenant, kind, walked = found
        return Walk(batch_id, tenant, kind, int(walked)) if kind else None

    def walked(self, walk: Walk, to: int | None) -> None:
        """Note how far a walk has come; None: to its end."""
        self._scripts.run(
            "batch_walked", walk.batch_id, walk.kind, walk.walked, "" if to is None else to
        )

    def due(self, limit: int) -> list[str]:
        """Batches that are to be looked at."""
        now = self._jobs.now_ms()
        with store_faults():
            found: list[str] = self._client.zrange(
                keys.BATCHES_DUE, "-inf", now, byscore=True, offset=0, num=limit
            )
        return found

    def tend(self, batch_id: str) -> tuple[Tended, str]:
        """Do what is due of a batch; its tenant. `walk` and `retire` are left to the caller."""
        with store_faults():
            tenant = self._client.hget(keys.batch(batch_id), "tenant") or ""
        more = (keys.tenant_batches(tenant),)
        outcome: Tended = self._scripts.run("batch_tend", batch_id, *COUNTS, more_keys=more)
        return outcome, tenant
