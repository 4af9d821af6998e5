"""A schedule: documents and faults at random times, all out of one seed, and how it went."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import redis

from tests.faults.batching import batch_violations, choose, close_after, open_batch, told_of
from tests.faults.documents import PROBLEMS, Deed, Document, random_document
from tests.faults.elsewhere import elsewhere
from tests.faults.injection import Fault, fetching_faults, random_faults
from tests.faults.invariants import (
    Seen,
    expire_all,
    is_quiet,
    progress,
    seen_jobs,
    told,
    violations,
)
from tests.faults.stores import ORDINARY, Footing
from tests.faults.world import World

_NUM_DOCUMENTS = 10
_GIVE_UP_S = 30  # for a caller that gets no 202
_STILL_S, _MOST_S = 90, 600  # without progress, and in all; a busy machine takes its time
_TOLD_S = 90
_LOOK_S = 0.05
_BACK_S = 60  # an API that is killed leaves a process that ends its requests first, in 25 s


@dataclass
class Report:
    """What was done in some schedules, and what was wrong after them."""

    schedules: int = 0
    jobs: int = 0
    accepted: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Schedule:
    """What happens in one schedule."""

    seed: int
    documents: list[Document]
    faults: list[Fault]


def make_schedule(seed: int, footing: Footing = ORDINARY) -> Schedule:
    """The schedule of a seed, with faults of what the world stands on."""
    rng = random.Random(seed)
    specials: list[Deed | None] = [None] * _NUM_DOCUMENTS
    for at, deed, chance in ((0, "kill", 0.2), (1, "hang", 0.12), (2, "error", 0.3)):
        if rng.random() < chance:
            specials[at] = deed  # type: ignore[call-overload]
    documents = [random_document(rng, number, deed) for number, deed in enumerate(specials, 1)]
    documents = elsewhere(seed, documents)
    killers = "kill" in specials or "hang" in specials
    # So few that no innocent page can see three crashes: then one that is given up is a violation.
    # A page that ends its worker takes along, once, what is read beside it.
    faults = random_faults(rng, rng.randint(3, 7), 1 if killers else 2, footing)
    faults += fetching_faults(random.Random(f"fetching {seed}"))
    return Schedule(seed, documents, faults)


def run_schedule(world: World, schedule: Schedule, report: Report) -> None:
    """Let it happen, wait until all is quiet, and look."""
    started = time.monotonic()
    world.erased.clear()
    world.receiver.received.clear()
    accepted: dict[str, int] = {}
    batched, batch_id = choose(schedule.seed, schedule.documents), open_batch(world)
    with ThreadPoolExecutor(len(schedule.documents) + len(schedule.faults) + 1) as pool:
        parts = [
            pool.submit(
                _submit, world, d, started, accepted, batch_id if d.number in batched else None
            )
            for d in schedule.documents
        ]
        parts.append(pool.submit(close_after, world, batch_id, parts[:]))
        parts += [pool.submit(_strike, world, fault, started, report) for fault in schedule.faults]
    for part in parts:
        part.result()
    for path in world.failpoints.iterdir():
        path.unlink()
    found = []
    try:
        _wait_for_quiet(world)
    except TimeoutError as error:
        found.append(str(error))
    world.wait_until(world.store.is_whole, "the store does not come together", _BACK_S)
    # What follows is no part of the faults: from here on the API must not fail at all.
    world.wait_until(lambda: bool(world.serving()), "the API does not come back", _BACK_S)
    serving = world.serving()
    documents = {document.number: document for document in schedule.documents}
    jobs = seen_jobs(world, documents)
    with contextlib.suppress(TimeoutError):  # then it is found below
        ids = {job.id for job in jobs}
        world.wait_until(lambda: ids <= set(told(world)), "events", _TOLD_S)
        world.wait_until(lambda: bool(told_of(world, batch_id)), "its event", _TOLD_S)
    found += violations(world, jobs, accepted)
    found += batch_violations(world, batch_id)
    found += expire_all(world)
    if world.serving() != serving:
        found.append("a process of the API ended without a fault")
    found += world.surprises
    world.surprises.clear()
    report.schedules += 1
    report.jobs += len(jobs)
    report.accepted += len(accepted)
    report.faults.update(_deeds(jobs))
    report.ends.update(job.status.value for job in jobs)
    report.attempts.update(str(a.outcome) for job in jobs for a in job.attempts)
    report.violations += [f"seed {schedule.seed}: {what}" for what in found]


def _deeds(jobs: list[Seen]) -> Iterator[str]:
    """What the documents and their callers did to the service."""
    for job in jobs:
        yield from (f"page: {deed}" for deed in job.document.deeds if deed in PROBLEMS)
        if job.document.source:
            yield f"url: {job.document.source}"
        if job.document.timeout_s is not None:
            yield "job with too little time"
        if job.document.then:
            yield f"job: {job.document.then}"


def _submit(
    world: World,
    document: Document,
    started: float,
    accepted: dict[str, int],
    batch_id: str,
) -> None:
    time.sleep(max(0, started + document.at_s - time.monotonic()))
    query = {
        "priority": document.priority,
        "metadata": f'{{"document": {document.number}}}',
        "webhook_url": world.receiver.url,
    }
    if batch_id:
        query |= {"batch_id": batch_id, "custom_id": f"{document.number}.tiff"}
    if document.timeout_s is not None:
        query["timeout_s"] = str(document.timeout_s)
    if document.model:
        query["model"] = document.model
    headers = {"Content-Type": "image/tiff"}
    if document.idempotent:
        headers["Idempotency-Key"] = f"{started}-{document.number}"
    content = document.tiff()
    if document.source:
        url = world.library.put(f"{started}-{document.number}", document.source, content)
        headers["Content-Type"], content = "application/json", json.dumps({"url": url}).encode()
    job_id = _post(world, document, query, headers, content)
    if job_id is None:
        return
    accepted[job_id] = document.number
    if document.then:
        time.sleep(document.at_s / 2)
        with contextlib.suppress(httpx.TransportError):
            if document.then == "cancel":
                world.http.post(f"/v1/jobs/{job_id}/cancel")
            else:
                world.erased[job_id] = document.number
                world.http.delete(f"/v1/jobs/{job_id}")


def _post(
    world: World,
    document: Document,
    query: dict[str, str],
    headers: dict[str, str],
    content: bytes,
) -> str | None:
    deadline = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            answer = world.http.post("/v1/jobs", params=query, headers=headers, content=content)
            if answer.status_code in (200, 202):  # 200: it is in its batch already
                job_id: str = answer.json()["id"]
                return job_id
            no_worker = answer.status_code == 422 and document.model  # that has it, just now
            if answer.status_code not in (409, 500, 502, 503) and not no_worker:
                raise AssertionError(f"{answer.status_code}: {answer.text}")
            if answer.status_code == 409:
                return None  # another request of this key came to its end without us
            if answer.status_code == 500:
                world.surprises.append(f"document {document.number}: {answer.text[:200]}")
        time.sleep(0.2)
    return None


def _strike(world: World, fault: Fault, started: float, report: Report) -> None:
    time.sleep(max(0, started + fault.at_s - time.monotonic()))
    if fault.strike(world):
        with _COUNTING:
            report.faults[fault.kind] += 1


_COUNTING = threading.Lock()


def _wait_for_quiet(world: World) -> None:
    """Wait until all has ended. Raises TimeoutError where nothing goes on, or goes on for ever."""
    began = moved = time.monotonic()
    last: list[object] = []
    while True:
        with contextlib.suppress(redis.RedisError):  # the store may be on its way up
            if is_quiet(world):
                return
            if (now := progress(world)) != last:
                last, moved = now, time.monotonic()
        if time.monotonic() - moved > _STILL_S or time.monotonic() - began > _MOST_S:
            raise TimeoutError("it does not become quiet")
        time.sleep(_LOOK_S)
