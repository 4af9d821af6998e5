"""What the tests of batches share: the store with batches, and a keeper of them in one's hands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis

from keeper.batches import DueBatches
from shared.batches import Batch
from shared.blobs import INPUT
from shared.errors.documents import DocumentDamaged
from shared.ids import new_id
from shared.jobs import Document, Job
from shared.media import PDF
from shared.options import BatchOptions
from shared.store.batches.batches import BatchStore
from shared.store.batches.jobs import BatchJobs
from shared.store.batches.records import NewBatch
from shared.store.batches.uploads import BatchUploads
from shared.store.jobs.records import NewJob
from tests.keeper.webhooks.stories import TENANT, Post
from tests.shared.store_stories import DAY_S, take


class Batches(Post):
    """The store with its batches, its post office and a folder of blobs."""

    def __init__(self, client: redis.Redis, folder: Path, **settings: Any) -> None:
        path = client.connection_pool.connection_kwargs["path"]
        super().__init__(client, folder, redis_url=f"unix://{path}?db=0", **settings)
        self.batches = BatchStore(client, self.clock)
        self.batch_jobs = BatchJobs(client, self.batches, self.jobs)
        self.batch_uploads = BatchUploads(client, self.clock)
        self.limit()

    def limit(self, **settings: int) -> None:
        """Give the keeper other limits."""
        changed = self.settings.model_copy(update=settings)
        self.due_batches = DueBatches.make(changed, self.client, self.blobs, self.clock)

    def open(self, tenant: str = TENANT, **options: Any) -> Batch:
        """Open a batch."""
        return self.batches.create(NewBatch(tenant, BatchOptions(**options), 7 * DAY_S, 30 * DAY_S))

    def new(self, batch: Batch, custom_id: str, **more: Any) -> NewJob:
        """A document of some pages that is to be added."""
        document = Document(name=custom_id, media_type=PDF, size=3, sha256="00")
        return NewJob(
            id=more.pop("id", None) or new_id("job"),
            tenant=batch.tenant,
            document=more.pop("document", document),
            options=batch.options.of_job(),
            input_ttl_s=DAY_S,
            result_ttl_s=7 * DAY_S,
            tombstone_ttl_s=30 * DAY_S,
            batch_id=batch.id,
            custom_id=custom_id,
            **more,
        )

    def add(self, batch: Batch, custom_id: str, **more: Any) -> Job:
        """Add a document, with its bytes."""
        new = self.new(batch, custom_id, **more)
        self.blobs.put_passing(batch.tenant, new.id, INPUT, b"%PDF")
        return self.jobs.create(new)

    def get(self, batch: Batch) -> Batch:
        """The batch as it stands."""
        return self.batches.get(batch.tenant, batch.id)

    def counts(self, batch: Batch) -> dict[str, int]:
        """How many jobs are in each state, without the states that none is in."""
        return {name: n for name, n in self.get(batch).counts if n}

    def fail_next(self) -> str:
        """Fail the document that is next."""
        ann = self.worker()
        claim = take(ann)
        ann.fail(claim, DocumentDamaged())
        return claim.job_id

    def names(self, batch: Batch, **query: Any) -> list[str | None]:
        """The names of its jobs in their order."""
        given: dict[str, Any] = {"status": None, "limit": 100} | query
        found = self.batch_jobs.page(batch.tenant, batch.id, **given)
        return [job.custom_id for job in found.jobs]

    def process_due(self, rounds: int = 3) -> None:
        """Some rounds of the keeper."""
        for _ in range(rounds):
            self.due_batches.process_due_batches()
