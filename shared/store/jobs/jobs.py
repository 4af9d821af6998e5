"""What the API does with jobs: create, read, list, cancel, erase."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import structlog

from shared.errors import (
    JobGone,
    JobNotFound,
    PageFailed,
    PageNotFound,
    PageNotRead,
    QueueFull,
)
from shared.ids import is_job_id
from shared.jobs import Job, SliceAttempt, Status
from shared.store import keys
from shared.store.jobs.creating import Limits, run_create
from shared.store.jobs.filtering import JobFilter, newest_wanted, wanted_pieces
from shared.store.jobs.idempotency import Claimed
from shared.store.jobs.places import created, gap_s, look
from shared.store.jobs.records import Hash, NewJob, PageRecord, attempts
from shared.store.lists import Piece, newest
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

_log = structlog.get_logger()
SHOWN = tuple(status for status in Status if status is not Status.EXPIRED)
"""What lists show: no tombstones."""


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first, and where to go on; no cursor at the end."""

    jobs: list[Job]
    next_cursor: str | None


@dataclass(frozen=True)
class Room:
    """Pages that may wait of one tenant, and how many more there may be now."""

    quota: int
    left: int


class JobStore:
    """The jobs as the API sees them. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, limits: Limits, clock: Clock = server_clock) -> None:
        self._client = client
        self._limits = limits
        self._scripts = Scripts(client, clock)

    def create(self, new: NewJob, claimed: Claimed | None = None, fingerprint: str = "") -> Job:
        """Accept a job as `add` does; answer it, or the one that stands in its place."""
        answer = run_create(self._scripts, self._limits, new, claimed, fingerprint)
        if isinstance(answer, str):
            return self.get(new.tenant, answer)
        return created(answer).job(new.id)

    def add(self, new: NewJob, *, unpacked: bool = False, replaces: str = "") -> str:
        """Accept a job and make it ready to be claimed; answer its id.

        Raises QueueFull, IdempotencyInFlight. In the same step the request's Idempotency-Key, if
        it has one, comes to stand for the job. In a batch the answer is the id of the job that has
        this `custom_id` already, if there is one; raises BatchGone, BatchClosed, BatchFull.
        `unpacked`: it comes out of an upload, so the batch may be closed. `replaces`: it takes the
        place of this failed job, else raises StaleAttempt.
        """
        answer = run_create(self._scripts, self._limits, new, unpacked=unpacked, replaces=replaces)
        return answer if isinstance(answer, str) and answer != "created" else new.id

    def fullness(self, tenant: str) -> float:
        """How full the queue is for a tenant: 1 where nothing more is taken."""
        limits, (everybody, own) = self._limits, self._backlog(tenant)
        return max(
            everybody / limits.max_queued_pages,
            own / limits.max_queued_pages_per_tenant,
        )

    def check_room(self, tenant: str) -> Room:
        """The room that there is. Raises QueueFull if a job would be refused."""
        limits, (everybody, own) = self._limits, self._backlog(tenant)
        left = min(
            limits.max_queued_pages - everybody,
            limits.max_queued_pages_per_tenant - own,
        )
        if left <= 0:
            raise QueueFull
        return Room(limits.max_queued_pages_per_tenant, left)

    def get(self, tenant: str, job_id: str) -> Job:
        """Read a job. Raises JobNotFound (also for another tenant's), JobGone."""
        if not is_job_id(job_id):
            raise JobNotFound
        (seen,) = look(self._client, [job_id])
        _checked(seen.record, tenant)
        return seen.job(job_id)

    def newest(
        self,
        tenant: str,
        *,
        status: Status | None,
        limit: int,
        cursor: str | None,
        wanted: JobFilter | None = None,
    ) -> JobPage:
        """List the tenant's jobs, newest first, without tombstones. Raises InvalidOption.

        Of those that are `wanted` an answer may have few, or none, though there are more behind.
        """
        statuses = SHOWN if status is None else (status,)
        names = keys.parts(f"jobs:{tenant}", statuses)
        if wanted:
            found = newest_wanted(self._client, names, wanted, limit, cursor)
        else:
            found = newest(self._client, names, limit, cursor)
        return JobPage(self.of_ids(found.ids, statuses), found.next_cursor)

    def wanted(
        self,
        tenant: str,
        status: Status | None,
        cursor: str | None,
        wanted: JobFilter,
        at_once: int,
    ) -> Iterator[Piece]:
        """Where those of the tenant's jobs stand that are `wanted`, of so many as one answer looks
        at, newest first and so many in one go. Raises InvalidOption."""
        names = keys.parts(f"jobs:{tenant}", SHOWN if status is None else (status,))
        return wanted_pieces(self._client, names, wanted, cursor, at_once)

    def of_ids(self, ids: list[str], statuses: Collection[Status] = SHOWN) -> list[Job]:
        """Read those jobs that have such a status; whose they are is not looked at.

        One whose record cannot be used is left out, so that it hides no others.
        """
        found = []
        for job_id, seen in zip(ids, look(self._client, ids), strict=True):
            try:
                if seen.record and seen.record["status"] in statuses:
                    found.append(seen.job(job_id))
            except (KeyError, TypeError, ValueError):
                _log.exception("a record cannot be used; it is left out of a list", job=job_id)
        return found

    def page(self, tenant: str, job_id: str, number: int) -> PageRecord:
        """What became of a page that was read. Raises PageNotFound, PageNotRead, PageFailed."""
        record = self._record(tenant, job_id)
        with store_faults():
            text = self._client.hget(keys.pages(job_id), str(number))
        if text:
            page = PageRecord.parse(text)
            if page.blob is None:
                raise PageFailed(page.detail, reason=page.code)
            return page
        total = record.get("num_pages")
        if Status(record["status"]).terminal or number < 1 or (total and number > int(total)):
            raise PageNotFound
        raise PageNotRead

    def pages(self, tenant: str, job_id: str) -> dict[int, PageRecord]:
        """What became of the pages so far, by number in their order."""
        if not is_job_id(job_id):
            raise JobNotFound
        # In one transaction: of a job that is erased in between, no page would be a result, too.
        with store_faults(), self._client.pipeline() as pipe:
            pipe.hgetall(keys.job(job_id))
            pipe.hgetall(keys.pages(job_id))
            record, texts = pipe.execute()
        _checked(record, tenant)
        return {n: PageRecord.parse(texts[str(n)]) for n in sorted(map(int, texts))}

    def timeline(self, tenant: str, job_id: str) -> list[SliceAttempt]:
        """The job's attempts by their start; of very many the oldest are left out."""
        self._record(tenant, job_id)
        with store_faults(), self._client.pipeline() as pipe:
            pipe.lrange(keys.timeline(job_id), 0, -1)
            pipe.hgetall(keys.slices(job_id))
            ended, slices = pipe.execute()
        return attempts(ended, slices)

    def cancel(self, tenant: str, job_id: str) -> Job:
        """Cancel a job; one that has ended stays as it is."""
        self._record(tenant, job_id)
        self._scripts.run("cancel", job_id)
        return self.get(tenant, job_id)

    def erase(self, tenant: str, job_id: str) -> None:
        """Leave a tombstone; the caller erases the blobs. Raises JobNotFound, JobGone."""
        self._record(tenant, job_id)
        self._scripts.run("erase", job_id)

    def page_gap_s(self) -> float | None:
        """Mean seconds between two pages under load; None before the first one."""
        with store_faults():
            return gap_s(self._client.hget(keys.RATE, "gap"))

    def _backlog(self, tenant: str) -> tuple[int, int]:
        with store_faults():
            everybody, own = self._client.hmget(keys.BACKLOG, ["*", tenant])
        return int(everybody or 0), int(own or 0)

    def _record(self, tenant: str, job_id: str) -> Hash:
        if not is_job_id(job_id):
            raise JobNotFound
        with store_faults():
            return _checked(self._client.hgetall(keys.job(job_id)), tenant)


def _checked(record: Hash, tenant: str) -> Hash:
    """The record, if it is there for this tenant."""
    if record.get("tenant") != tenant:
        raise JobNotFound
    if record["status"] == Status.EXPIRED:
        raise JobGone
    return record
