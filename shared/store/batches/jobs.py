"""The jobs of a batch in the order of their submission: whole, or as short items."""

from __future__ import annotations

from dataclasses import dataclass

from shared.jobs import Status
from shared.store import keys
from shared.store.batches.batches import BatchStore
from shared.store.jobs.jobs import SHOWN, JobPage, JobStore
from shared.store.lists import behind
from shared.store.scripts import Client, store_faults


@dataclass(frozen=True)
class Item:
    """A job's place in its batch, and how it stands; no name is left of one that was erased."""

    position: int
    job_id: str
    status: Status
    custom_id: str | None = None
    code: str | None = None
    detail: str | None = None


class BatchJobs:
    """The jobs of batches. Methods raise BatchNotFound, BatchGone, Unavailable."""

    def __init__(self, client: Client, batches: BatchStore, jobs: JobStore) -> None:
        self._client = client
        self._batches = batches
        self._jobs = jobs

    def page(
        self, tenant: str, batch_id: str, *, status: Status | None, limit: int, after: int = 0
    ) -> JobPage:
        """List jobs behind a place, without tombstones; the cursor is the last one's place."""
        self._batches.check(tenant, batch_id)
        statuses = SHOWN if status is None else (status,)
        names = keys.parts(f"batch:{batch_id}", statuses)
        found = behind(self._client, names, limit, after)
        return JobPage(self._jobs.of_ids(found.ids, statuses), found.next_cursor)

    def items(self, batch_id: str, after: int, limit: int) -> list[Item]:
        """Some items behind a place."""
        return self.of_members(self._batches.members(batch_id, after, limit))

    def of_members(self, members: list[tuple[int, str]]) -> list[Item]:
        """Items by their places and ids."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for _, job_id in members:
                pipe.hmget(keys.job(job_id), ["status", "custom_id", "code", "detail"])
            records = pipe.execute()
        return [
            Item(place, job_id, Status(status or Status.EXPIRED), custom_id, code, detail)
            for (place, job_id), (status, custom_id, code, detail) in zip(
                members, records, strict=True
            )
        ]
