"""Cancels, retries or erases the jobs of a batch, a piece at a time, whoever goes on with it.

A request does the first piece, so that small batches are done with the answer; the keeper does
what is left. Every piece may be done twice.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import structlog

from shared.blobs import INPUT, PASSWORD, BlobNotFound, BlobStore
from shared.errors import JobGone, JobNotFound, QueueFull, StaleAttempt
from shared.ids import new_id
from shared.jobs import Job, Status
from shared.running.failpoints import reach
from shared.settings import Settings
from shared.store.batches.batches import BatchStore
from shared.store.batches.jobs import BatchJobs
from shared.store.batches.upkeep import BatchUpkeep, BulkOperation
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob

PIECE = 200
"""Jobs of one piece."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class BulkOperations:
    """What going through the jobs of a batch needs."""

    batches: BatchStore
    upkeep: BatchUpkeep
    batch_jobs: BatchJobs
    jobs: JobStore
    blobs: BlobStore
    settings: Settings

    def step(self, batch_id: str, limit: int = PIECE) -> bool:
        """Do a piece; whether there is more to do at once. Raises Unavailable."""
        operation = self.upkeep.operation(batch_id)
        if operation is None:
            return False
        found = self.batches.members(batch_id, operation.gone_through, limit)
        if operation.kind == "retry":
            return self._retry(operation, found, limit)
        ids = [job_id for _, job_id in found]
        if operation.kind == "cancel":
            self.upkeep.cancel_jobs(ids)
        else:
            self._erase(operation, ids)
        reach("bulk.progress")
        more = len(found) == limit
        self.upkeep.gone_through(operation, found[-1][0] if more else None)
        return more

    def _erase(self, operation: BulkOperation, ids: list[str]) -> None:
        self.upkeep.erase_jobs(ids)
        reach("bulk.erased")
        for job_id in ids:
            self.blobs.delete_job(operation.tenant, job_id)

    def _retry(self, operation: BulkOperation, found: list[tuple[int, str]], limit: int) -> bool:
        """Go on as far as there is room in the queue."""
        done_to = operation.gone_through
        try:
            for item in self.batch_jobs.of_members(found):
                if item.status is Status.FAILED:
                    self._retry_job(operation, item.job_id)
                done_to = item.position
        except QueueFull:
            _log.info("queue is full; the retry goes on later", batch=operation.batch_id)
            self.upkeep.gone_through(operation, done_to)
            return False
        reach("bulk.progress")
        more = len(found) == limit
        self.upkeep.gone_through(operation, done_to if more else None)
        return more

    def _retry_job(self, operation: BulkOperation, job_id: str) -> None:
        """Put a new job in the place of a failed one, if that can be done."""
        try:
            job = self.jobs.get(operation.tenant, job_id)
            new = self._anew(operation, job)
            if job.url is None:  # else it is fetched once more
                self.blobs.share(operation.tenant, job_id, new.id, INPUT)
            with suppress(BlobNotFound):
                self.blobs.share(operation.tenant, job_id, new.id, PASSWORD)
        except (BlobNotFound, JobGone, JobNotFound):
            return  # nothing is left to read: it stays failed
        try:
            self.jobs.add(new, replaces=job_id)
        except (QueueFull, StaleAttempt) as error:
            self.blobs.delete_job(operation.tenant, new.id)
            if isinstance(error, QueueFull):
                raise
            return
        reach("bulk.replaced")
        # The old one is no longer of the batch: when that is erased, nothing may be left of it.
        self._erase(operation, [job_id])

    def _anew(self, operation: BulkOperation, job: Job) -> NewJob:
        return NewJob(
            id=new_id("job"),
            tenant=operation.tenant,
            document=job.document.model_copy(update={"num_pages": None}),
            url=job.url,
            options=job.options,
            metadata=job.metadata,
            input_ttl_s=self.settings.input_ttl_s,
            result_ttl_s=job.options.ttl_s or self.settings.result_ttl_s,
            tombstone_ttl_s=self.settings.tombstone_ttl_s,
            batch_id=operation.batch_id,
            custom_id=job.custom_id or "",
        )
