"""Cancels, retries or erases the jobs of a batch, a piece at a time, whoever goes on with it.

A request does the first piece, so that small batches are done with the answer; the keeper does
what is left. Every piece may be done twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from shared.blobs import INPUT, BlobNotFound, BlobStore
from shared.errors import JobGone, JobNotFound, QueueFull, StaleAttempt
from shared.failpoints import reach
from shared.ids import new_id
from shared.jobs import Job, Status
from shared.settings import Settings
from shared.store.batches.batches import BatchStore
from shared.store.batches.jobs import BatchJobs
from shared.store.batches.upkeep import BatchUpkeep, Walk
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob

PIECE = 200
"""Jobs of one piece."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class Walker:
    """What going through the jobs of a batch needs."""

    batches: BatchStore
    upkeep: BatchUpkeep
    batch_jobs: BatchJobs
    jobs: JobStore
    blobs: BlobStore
    settings: Settings

    def step(self, batch_id: str, limit: int = PIECE) -> bool:
        """Do a piece; whether there is more to do at once. Raises Unavailable."""
        walk = self.upkeep.walk(batch_id)
        if walk is None:
            return False
        found = self.batches.members(batch_id, walk.walked, limit)
        if walk.kind == "retry":
            return self._retry(walk, found, limit)
        ids = [job_id for _, job_id in found]
        if walk.kind == "cancel":
            self.upkeep.cancel_jobs(ids)
        else:
            self._erase(walk, ids)
        reach("walker.walked")
        more = len(found) == limit
        self.upkeep.walked(walk, found[-1][0] if more else None)
        return more

    def _erase(self, walk: Walk, ids: list[str]) -> None:
        self.upkeep.erase_jobs(ids)
        reach("walker.erased")
        for job_id in ids:
            self.blobs.delete_job(walk.tenant, job_id)

    def _retry(self, walk: Walk, found: list[tuple[int, str]], limit: int) -> bool:
        """Go on as far as there is room in the queue."""
        done_to = walk.walked
        try:
            for item in self.batch_jobs.of_members(found):
                if item.status is Status.FAILED:
                    self._retry_job(walk, item.job_id)
                done_to = item.position
        except QueueFull:
            _log.info("queue is full; the retry goes on later", batch=walk.batch_id)
            self.upkeep.walked(walk, done_to)
            return False
        reach("walker.walked")
        more = len(found) == limit
        self.upkeep.walked(walk, done_to if more else None)
        return more

    def _retry_job(self, walk: Walk, job_id: str) -> None:
        """Put a new job in the place of a failed one, if that can be done."""
        try:
            job = self.jobs.get(walk.tenant, job_id)
            new = self._anew(walk, job)
            self.blobs.share(walk.tenant, job_id, new.id, INPUT)
        except (BlobNotFound, JobGone, JobNotFound):
            return  # nothing is left to read: it stays failed
        try:
            self.jobs.add(new, replaces=job_id)
        except (QueueFull, StaleAttempt) as error:
            self.blobs.delete_job(walk.tenant, new.id)
            if isinstance(error, QueueFull):
                raise
            return
        reach("walker.replaced")
        # The old one is no longer of the batch: when that is erased, nothing may be left of it.
        self._erase(walk, [job_id])

    def _anew(self, walk: Walk, job: Job) -> NewJob:
        return NewJob(
            id=new_id("job"),
            tenant=walk.tenant,
            document=job.document.model_copy(update={"num_pages": None}),
            options=job.options,
            metadata=job.metadata,
            input_ttl_s=self.settings.input_ttl_s,
            result_ttl_s=job.options.ttl_s or self.settings.result_ttl_s,
            tombstone_ttl_s=self.settings.tombstone_ttl_s,
            batch_id=walk.batch_id,
            custom_id=job.custom_id or "",
        )
