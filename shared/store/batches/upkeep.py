"""What the keeper does with batches: end them, go through their jobs, forget them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.store import keys
from shared.store.batches.batches import BulkKind
from shared.store.batches.records import COUNTS
from shared.store.batches.scripts import BatchScripts
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

BatchOutcome = Literal["bulk", "expire", "finished", "forgotten", "waiting"]


@dataclass(frozen=True)
class BulkOperation:
    """Something that is done to all jobs of a batch, and how far it has come."""

    batch_id: str
    tenant: str
    kind: BulkKind
    gone_through: int


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

    def operation(self, batch_id: str) -> BulkOperation | None:
        """What is being done to its jobs, if anything is."""
        with store_faults():
            found = self._client.hmget(keys.batch(batch_id), ["tenant", "bulk", "bulk_at"])
        tenant, kind, gone_through = found
        return BulkOperation(batch_id, tenant, kind, int(gone_through)) if kind else None

    def gone_through(self, operation: BulkOperation, to: int | None) -> None:
        """Note how far a bulk operation has come; None: to its end."""
        args = (operation.kind, operation.gone_through, "" if to is None else to)
        self._scripts.run("bulk_progress", operation.batch_id, *args)

    def due(self, limit: int) -> list[str]:
        """Batches that are to be looked at."""
        return self._jobs.due(keys.BATCHES_DUE, limit)

    def process_due(self, batch_id: str) -> tuple[BatchOutcome, str]:
        """Do what is due of a batch; its tenant. `bulk` and `expire` are left to the caller."""
        with store_faults():
            tenant = self._client.hget(keys.batch(batch_id), "tenant") or ""
        outcome: BatchOutcome = self._scripts.run("batch_due", batch_id, *COUNTS)
        return outcome, tenant
