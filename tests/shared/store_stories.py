"""What the tests of the store share: a clock that they hold, the store as each process sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import redis

from shared.ids import new_id
from shared.jobs import Document, Job
from shared.options import Options, Priority
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob, PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue
from shared.store.jobs.upkeep import Upkeep
from shared.store.needs import PLAIN, suspect

LEASE_S = 10
DAY_S = 24 * 3600


@dataclass
class Clock:
    """Time that passes when the test says so."""

    ms: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms

    def pass_s(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@dataclass
class Store:
    """One server, seen by the API, by workers and by a keeper."""

    client: redis.Redis
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=lambda: Limits(1000, 500))

    def __post_init__(self) -> None:
        self.jobs = JobStore(self.client, self.limits, self.clock)
        self.keeper = Upkeep(self.client, 3, self.clock)

    def worker(
        self, name: str = "ann", needs: Sequence[str] = (PLAIN, *suspect([PLAIN]))
    ) -> SliceQueue:
        """A worker that reads everything, suspect slices, too."""
        return SliceQueue(self.client, name, LEASE_S, self.clock, needs=lambda: needs)

    def new_job(self, tenant: str = "acme", priority: Priority = "interactive") -> NewJob:
        document = Document(name="a.pdf", media_type="application/pdf", size=3, sha256="00")
        options = Options(priority=priority)
        return NewJob(new_id("job"), tenant, document, options, DAY_S, 7 * DAY_S, 30 * DAY_S)

    def submit(self, tenant: str = "acme", priority: Priority = "interactive") -> Job:
        return self.jobs.create(self.new_job(tenant, priority))


def take(worker: SliceQueue) -> Claim:
    """Claim the slice that is next."""
    claim = worker.claim()
    assert isinstance(claim, Claim), "nothing waits"
    return claim


def open_document(worker: SliceQueue, claim: Claim, num_pages: int) -> Claim:
    """Say that the claimed document has so many pages."""
    opened, _ = worker.open(claim, num_pages, range(1, num_pages + 1), 16)
    return opened


def read(worker: SliceQueue, claim: Claim, *pages: int) -> None:
    """Record pages as read."""
    for page in pages:
        worker.record(claim, page, PageRecord(f"page-{page}"), PageTimings())


def read_document(worker: SliceQueue) -> None:
    """Read a document of one page, which finishes it."""
    claim = open_document(worker, take(worker), 1)
    read(worker, claim, 1)
