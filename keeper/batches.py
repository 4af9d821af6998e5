"""The keeper's part in batches: end them, go on with what is done to their jobs, erase them."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from keeper.steps import each
from shared.blobs import BlobStore
from shared.bulk import BulkOperations
from shared.errors.batches import BatchGone, BatchNotFound
from shared.running.failpoints import reach
from shared.settings import Settings
from shared.store import keys
from shared.store.aside import Aside
from shared.store.batches.batches import BatchStore
from shared.store.batches.jobs import BatchJobs
from shared.store.batches.upkeep import BatchUpkeep
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.scripts import Client, Clock, server_clock

_PER_ROUND = 100  # batches
_PIECES = 5  # of one batch in a round, so that no round takes long
_log = structlog.get_logger()


@dataclass(frozen=True)
class DueBatches:
    """Several may work beside each other: each step is atomic and may be done twice."""

    batches: BatchStore
    upkeep: BatchUpkeep
    bulk: BulkOperations
    aside: Aside

    @classmethod
    def make(
        cls,
        settings: Settings,
        client: Client,
        blobs: BlobStore,
        clock: Clock = server_clock,
    ) -> DueBatches:
        """Put it together."""
        jobs = JobStore(client, Limits.of(settings), clock)
        batches = BatchStore(client, clock)
        batch_jobs = BatchJobs(client, batches, jobs)
        upkeep = BatchUpkeep(client, clock)
        bulk = BulkOperations(batches, upkeep, batch_jobs, jobs, blobs, settings)
        return cls(batches, upkeep, bulk, Aside(client, clock))

    def process_due_batches(self) -> None:
        """Do what is due of batches."""
        each(self.aside, keys.BATCHES_DUE, self.upkeep.due(_PER_ROUND), self._process_due)

    def _process_due(self, batch_id: str) -> None:
        outcome, tenant = self.upkeep.process_due(batch_id)
        if outcome == "finished":
            _log.info("batch ended", batch=batch_id)
        elif outcome == "expire":
            self._expire(tenant, batch_id)
        elif outcome == "bulk":
            self._walk(batch_id)

    def _expire(self, tenant: str, batch_id: str) -> None:
        try:
            self.batches.begin(tenant, batch_id, "erase")
        except (BatchGone, BatchNotFound):
            return  # another keeper was faster
        reach("keeper.batch_expired")
        self._walk(batch_id)

    def _walk(self, batch_id: str) -> None:
        for _ in range(_PIECES):
            if not self.bulk.step(batch_id):
                return
