"""What must be true of every job once a schedule is over, whatever happened on the way."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from keeper.keeper import make_keeper
from shared.blobs import open_blobs
from shared.errors import FetchFailed
from shared.jobs import SliceAttempt, Status
from shared.store import keys
from shared.store.api_keys import DEFAULT_TENANT
from shared.store.jobs.records import PageRecord, attempts
from shared.store.jobs.upkeep import Upkeep
from shared.store.lists import everything
from shared.store.needs import PLAIN
from shared.store.workers import CANARY_TENANT
from tests.faults.batching import forget_all, is_over, left_of_batches
from tests.faults.documents import PROBLEMS, Document
from tests.faults.neighbours import DAMAGED
from tests.faults.world import World

_FOR_EVER_MS = 400 * 24 * 3600 * 1000
_MAX_CRASHES = 3
_JOB_ID = re.compile(r"job_[\w-]{24}")


@dataclass(frozen=True)
class Seen:
    """A job as the store has it at the end."""

    id: str
    document: Document
    record: Mapping[str, str]
    pages: Mapping[int, PageRecord]
    attempts: list[SliceAttempt]

    @property
    def status(self) -> Status:
        return Status(self.record["status"])


def seen_jobs(world: World, documents: Mapping[int, Document]) -> list[Seen]:
    """All jobs of the schedule, those included whose caller never got its 202."""
    found = []
    for job_id in everything(world.client, keys.parts(f"jobs:{DEFAULT_TENANT}", Status)):
        record = world.client.hgetall(keys.job(job_id))
        number = _document_of(world, job_id, record)
        pages = world.client.hgetall(keys.pages(job_id))
        found.append(
            Seen(
                id=job_id,
                document=documents[number],
                record=record,
                pages={int(page): PageRecord.parse(text) for page, text in pages.items()},
                attempts=attempts(
                    world.client.lrange(keys.timeline(job_id), 0, -1),
                    world.client.hgetall(keys.slices(job_id)),
                ),
            )
        )
    return found


def _document_of(world: World, job_id: str, record: Mapping[str, str]) -> int:
    if "metadata" in record:
        return int(json.loads(record["metadata"])["document"])
    return world.erased[job_id]


def is_quiet(world: World) -> bool:
    """Whether every job has ended and nothing waits or is being read."""
    client = world.client
    waiting = any(client.exists(keys.waiting(lane)) for lane in keys.LANES)
    if client.exists(*keys.errands("fetches")[:1]):
        return False
    if waiting or client.zcard(keys.LEASES) or client.llen(keys.wakeups(PLAIN)):
        return False
    ids = everything(client, keys.parts(f"jobs:{DEFAULT_TENANT}", Status))
    return all(Status(client.hget(keys.job(i), "status")).terminal for i in ids) and is_over(world)


def progress(world: World) -> list[object]:
    """How far the jobs are: what changes as long as anything goes on."""
    client = world.client
    found: list[object] = []
    for job_id in everything(client, keys.parts(f"jobs:{DEFAULT_TENANT}", Status)):
        found.append(client.hmget(keys.job(job_id), ["status", "done", "failed"]))
        found.append(client.llen(keys.timeline(job_id)))
    return found


def violations(world: World, jobs: list[Seen], accepted: Mapping[str, int]) -> Iterator[str]:
    """Say everything that is not as it must be."""
    known = {job.id for job in jobs}
    for job_id in accepted:
        if job_id not in known:
            yield f"{job_id} got a 202 and is gone"
    events = told(world)
    for job in jobs:
        for what in (*_of_job(world, job), *_of_events(job, events.get(job.id, set()))):
            yield f"{job.id} (document {job.document.number}, {job.status}): {what}"
    yield from _of_store(world)


def told(world: World) -> dict[str, set[tuple[str, str]]]:
    """What the receiver of webhooks heard of each job: ids and types of events."""
    heard: dict[str, set[tuple[str, str]]] = {}
    for request in list(world.receiver.received):
        body = request.body.decode()
        event = request.headers["webhook-id"], json.loads(body)["type"]
        if event[1].startswith("batch."):
            continue
        for job_id in _JOB_ID.findall(body):
            heard.setdefault(job_id, set()).add(event)
    return heard


def _of_events(job: Seen, heard: set[tuple[str, str]]) -> Iterator[str]:
    if len(heard) != 1:
        yield f"of its end were heard the events {sorted(heard)}"
        return
    ((_, kind),) = heard
    if kind != f"job.{job.status}" and job.status is not Status.EXPIRED:
        yield f"its end was told as {kind}"


def _of_job(world: World, job: Seen) -> Iterator[str]:
    if not job.status.terminal:
        yield "not terminal"
        return
    if job.record.get("ends") != "1":
        yield f"ended {job.record.get('ends')} times"
    if job.status is Status.EXPIRED:
        return
    yield from _of_pages(job)
    yield from _of_attempts(job)
    if job.status.has_result:
        yield from _of_result(world, job)
    names = world.ground.names(job.id)
    for page, record in job.pages.items():
        if record.blob and record.blob not in names:
            yield f"the blob of page {page} is gone"


def _of_pages(job: Seen) -> Iterator[str]:
    if not job.document.comes:
        found = job.status, job.record.get("code"), len(job.pages)
        if found != (Status.FAILED, FetchFailed.code, 0) and job.status is not Status.CANCELED:
            yield f"its document never came, and yet it is {found}"
        return
    deeds = job.document.deeds
    timed = job.document.timeout_s is not None
    for page, deed in enumerate(deeds, start=1):
        record = job.pages.get(page)
        if record is None:
            if job.status is not Status.CANCELED and not timed:
                yield f"page {page} has no record"
            continue
        allowed = {PROBLEMS.get(deed)} | ({"job_timeout"} if timed else set())
        if record.code not in allowed:
            yield f"page {page} ({deed}) says {record.code}"
    if set(job.pages) - set(range(1, len(deeds) + 1)):
        yield f"pages {sorted(job.pages)} of {len(deeds)}"
    problems = any(record.code for record in job.pages.values())
    if job.status is Status.SUCCEEDED and problems:
        yield "succeeded with pages that were not read"
    if job.status is Status.CANCELED and job.document.then != "cancel":
        yield "canceled by nobody"


def _of_attempts(job: Seen) -> Iterator[str]:
    for attempt in job.attempts:
        if attempt.outcome is None:
            yield f"slice {attempt.slice} is still being read"
    for index in {attempt.slice for attempt in job.attempts}:
        lost = [a for a in job.attempts if a.slice == index and a.outcome == "lost"]
        if len(lost) > _MAX_CRASHES:
            yield f"slice {index} was lost {len(lost)} times"
        numbers = [a.attempt for a in job.attempts if a.slice == index]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"slice {index} has the attempts {numbers}"


def _of_result(world: World, job: Seen) -> Iterator[str]:
    answer = world.http.get(f"/v1/jobs/{job.id}/result?format=json")
    if answer.status_code != 200:
        yield f"its result is {answer.status_code}: {answer.text[:200]}"
        return
    texts = {page["page"]: page["lines"][0]["text"] for page in answer.json()["pages"]}
    wanted = {page: job.document.text(page) for page, record in job.pages.items() if record.blob}
    if texts != wanted:
        yield f"its text is {texts}, not {wanted}"


def _of_store(world: World) -> Iterator[str]:
    client = world.client
    backlog = {tenant: int(pages) for tenant, pages in client.hgetall(keys.BACKLOG).items()}
    canary_pages = backlog.pop(CANARY_TENANT, 0)
    if backlog.pop("*", 0) != canary_pages or any(backlog.values()):
        yield f"the backlog is {backlog}, and {canary_pages} pages of the canary"
    for name in client.scan_iter("docchu:job:*:slices"):
        if not _of_canary(world, name):
            yield f"{name} is left"
    for name in client.scan_iter("docchu:fetches:*"):
        yield f"{name} is left"
    for job_id in client.zrange(keys.DEADLINES, 0, -1):
        if not (job_id.startswith(DAMAGED) or _of_canary(world, keys.job(job_id))):
            yield f"{job_id} still has a deadline"


def expire_all(world: World) -> Iterator[str]:
    """Let the time of everything be over; say what is left of it."""
    keeper = make_keeper(world.settings)
    now = round(time.time() * 1000)
    for later in (_FOR_EVER_MS, 2 * _FOR_EVER_MS):
        keeper.retention.upkeep = Upkeep(
            world.client, _MAX_CRASHES, lambda later=later: now + later
        )
        keeper.retention.expire()
        forget_all(world, now + later)
    blobs = open_blobs(world.settings)
    for tenant, job_id in list(blobs.old_jobs(-1)):
        if tenant != CANARY_TENANT:
            if not keeper.retention.upkeep.gone([job_id])[0]:
                yield f"{job_id} was not expired"
            blobs.delete_job(tenant, job_id)
    for name in world.client.scan_iter("docchu:job:*"):
        if not _of_canary(world, name):
            yield f"{name} is left after retention"
    yield from left_of_batches(world)


def _of_canary(world: World, name: str) -> bool:
    """Whether a key belongs to a canary: those come and go at any time."""
    job_id = name.split(":")[2]
    return bool(world.client.hget(keys.job(job_id), "tenant") == CANARY_TENANT)
