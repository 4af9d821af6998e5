"""Damaged records: each is set aside or let go, and everything beside it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
import structlog

from bench.receiver import Receiver, receiving
from keeper.keeper import make_keeper
from keeper.unpacking.services import make_unpacker
from shared.jobs import Job, Status
from shared.store import keys
from shared.store.batches.uploads import NewBatchUpload
from tests.keeper.test_fetching import Fetching
from tests.keeper.unpacking.stories import png, zipped
from tests.shared.store_stories import take

GARBAGE = "\0no such {"


@dataclass(frozen=True)
class Thing:
    """Something that the keeper is to see to now: its records, and whether that was done."""

    records: tuple[str, ...]
    is_done: Callable[[], bool]


class Town(Fetching):
    """Things of each kind, and a keeper with all its parts."""

    def __init__(self, client: redis.Redis, folder: Path, receiver: Receiver) -> None:
        super().__init__(client, folder)
        self.receiver = receiver
        self.keeper = make_keeper(self.settings, self.clock)
        self.unpacker = make_unpacker(self.settings, client)

    def claimed(self) -> Job:
        """A job that a worker has."""
        self.drain()
        job = self.submit()
        take(self.worker())
        return job

    def drain(self) -> None:
        """Have workers take whatever waits."""
        with suppress(AssertionError):
            while True:
                take(self.worker())

    def lease(self) -> Thing:
        """A slice whose worker died."""
        job = self.claimed()
        self.client.zadd(keys.LEASES, {f"{job.id}/0": 1})
        records = (keys.job(job.id), keys.slices(job.id))
        return Thing(records, lambda: self.client.zscore(keys.LEASES, f"{job.id}/0") is None)

    def overdue(self) -> Thing:
        """A job that takes too long."""
        job = self.claimed()
        self.client.zadd(keys.DEADLINES, {job.id: 1})
        records = (keys.job(job.id), keys.slices(job.id))
        return Thing(records, lambda: self.jobs.get("acme", job.id).status is Status.FAILED)

    def past(self) -> Thing:
        """A result that is past its time."""
        self.drain()
        job = self.succeed()
        self.client.hset(keys.job(job.id), "finished", 1)
        self.client.zadd(keys.RETENTION, {job.id: 1})
        status = lambda: self.client.hget(keys.job(job.id), "status")  # noqa: E731
        return Thing((keys.job(job.id),), lambda: status() == "expired")

    def erased(self) -> Thing:
        """An erased job whose bytes may be left."""
        self.drain()
        job = self.succeed()
        self.jobs.erase("acme", job.id)
        self.client.zadd(keys.ERASED, {job.id: 1})
        self.blobs.put("acme", job.id, "input", b"left")
        is_left = lambda: self.client.zscore(keys.ERASED, job.id) is not None  # noqa: E731
        return Thing((keys.job(job.id),), lambda: not is_left())

    def batch(self) -> Thing:
        """A batch that is to end."""
        batch = self.open()
        self.batches.close(batch.tenant, batch.id)
        self.client.zadd(keys.BATCHES_DUE, {batch.id: 1})
        done = lambda: self.batches.get("acme", batch.id).status == "finished"  # noqa: E731
        return Thing((keys.batch(batch.id),), done)

    def upload(self) -> Thing:
        """An upload that is to be unpacked."""
        batch, new = self.open(), NewBatchUpload("zip")
        self.blobs.put("acme", batch.id, new.id, zipped({"a.png": png(1)}))
        self.batch_uploads.add("acme", batch.id, new)
        self.client.zadd(keys.UPLOADS, {new.id: 1})
        done = lambda: len(self.batch_jobs.items(batch.id, 0, 9)) == 1  # noqa: E731
        return Thing((keys.batch_upload(new.id),), done)

    def event(self) -> Thing:
        """An end that is to be told."""
        self.drain()
        job = self.succeed(self.receiver.url)
        return Thing((keys.event(job.id),), lambda: self.was_told(job.id))

    def delivery(self) -> Thing:
        """A delivery that is due."""
        self.drain()
        job = self.succeed(self.receiver.url)
        self.sender.fan_out()
        (delivery,) = self.deliveries(job_id=job.id)
        return Thing((keys.delivery(delivery.id),), lambda: self.was_told(job.id))

    def fetched(self) -> Thing:
        """A document that is to be fetched: there is nothing at its address."""
        job = self.name(self.receiver.url)
        done = lambda: self.jobs.get("acme", job.id).status is Status.FAILED  # noqa: E731
        return Thing((keys.job(job.id),), done)

    def was_told(self, job_id: str) -> bool:
        """Whether the receiver knows of the job's end."""
        return any(job_id.encode() in one.body for one in self.receiver.received)

    def go_round(self) -> list[structlog.typing.EventDict]:
        """What a keeper does in some seconds, and what it says; nothing may be raised."""
        with structlog.testing.capture_logs() as said:
            for _ in range(2):
                self.keeper.round()
                self.keeper.retention.round()
                for _ in range(3):
                    self.unpacker.turn()
                self.send()
                self.fetch()
        return said


KINDS = ("lease", "overdue", "past", "erased", "batch", "upload", "event", "delivery", "fetched")
INDEXES = {
    "lease": keys.LEASES,
    "overdue": keys.DEADLINES,
    "past": keys.RETENTION,
    "erased": keys.ERASED,
    "batch": keys.BATCHES_DUE,
    "upload": keys.UPLOADS,
    "event": keys.OUTBOX,
}


@pytest.fixture
def town(store_client: redis.Redis, tmp_path: Path) -> Iterator[Town]:
    with receiving() as receiver:
        yield Town(store_client, tmp_path, receiver)


def damage(client: redis.Redis, record: str, how: str) -> None:
    """Make a record something else than it was."""
    if how == "is text":
        client.delete(record)
        client.set(record, GARBAGE)
    elif how == "is gone":
        client.delete(record)
    else:
        for name in client.hkeys(record):
            client.hset(record, name, GARBAGE)


def check(town: Town) -> None:
    """One thing of each kind, each seen to behind the damage."""
    things = {kind: getattr(town, kind)() for kind in KINDS}
    said = town.go_round()
    undone = [kind for kind, thing in things.items() if not thing.is_done()]
    assert not undone, f"{undone} in {said}"


@pytest.mark.parametrize("how", ["is text", "is gone", "has other fields"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_record_holds_up_no_other(town: Town, kind: str, how: str) -> None:
    for number in range(len(getattr(town, kind)().records)):
        damage(town.client, getattr(town, kind)().records[number], how)
    check(town)
    check(town)


@pytest.mark.parametrize("kind", INDEXES)
def test_a_name_that_means_nothing_holds_up_no_other(town: Town, kind: str) -> None:
    town.client.zadd(INDEXES[kind], {GARBAGE: 0, "": 0.5, f"job_{'x' * 24}": 0.7})
    check(town)


@pytest.mark.parametrize("field", ["since", "ok_at", "job", "looked"])
def test_a_damaged_record_of_the_trial_reading_begins_anew(town: Town, field: str) -> None:
    town.client.hset(keys.CANARY, field, GARBAGE)
    check(town)
    assert town.client.hget(keys.CANARY, "job") != GARBAGE
    town.client.delete(keys.CANARY)
    town.client.set(keys.CANARY, GARBAGE)
    check(town)


def test_a_damaged_worker_is_forgotten(town: Town) -> None:
    town.client.hset(keys.WORKERS, "ann", GARBAGE)
    check(town)
    assert not town.client.exists(keys.WORKERS)


def test_what_is_set_aside_is_counted_and_tried_again(town: Town) -> None:
    overdue = town.overdue()
    text = town.client.hget(overdue.records[0], "options")
    damage(town.client, overdue.records[0], "is text")
    before = town.keeper.aside.num()
    town.go_round()
    assert town.keeper.aside.num() == before + 1
    town.clock.pass_s(601)
    assert town.keeper.aside.num() == 0 and text
    town.go_round()
    assert town.keeper.aside.num() == 2, "by now its lease has run out, too"


@pytest.mark.parametrize(
    "record", [keys.BACKLOG, keys.STATES, keys.BATCH_COUNTS, keys.RATE, keys.LANE_TIMES]
)
def test_what_all_jobs_share_may_be_damaged_and_the_keeper_lives(town: Town, record: str) -> None:
    for kind in KINDS:
        getattr(town, kind)()
    for how in ("has other fields", "is text"):
        damage(town.client, record, how)
        town.go_round()
    assert town.client.hget(keys.CANARY, "looked")


def test_a_step_that_fails_in_any_way_stops_no_other(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    for name in ("recover", "wake"):
        monkeypatch.setattr(type(town.keeper), name, fail)
    town.keeper.round()
    assert town.client.hget(keys.CANARY, "looked")


@pytest.mark.parametrize("how", ["is text", "is gone", "has other fields"])
@pytest.mark.parametrize("record", [keys.job, keys.slices])
def test_a_damaged_record_at_the_head_of_the_queue_stops_no_worker(
    town: Town, record: Callable[[str], str], how: str
) -> None:
    first, second = town.submit(), town.submit()
    damage(town.client, record(first.id), how)
    assert take(town.worker()).job_id == second.id
    with pytest.raises(AssertionError):
        take(town.worker())


def test_a_job_whose_slice_is_damaged_ends_all_the_same(town: Town) -> None:
    waiting = town.submit()
    damage(town.client, keys.slices(waiting.id), "has other fields")
    running = town.claimed()
    damage(town.client, keys.slices(running.id), "has other fields")
    town.client.zadd(keys.DEADLINES, {running.id: 1})
    town.go_round()
    for job in (waiting, running):
        assert town.jobs.get("acme", job.id).status is Status.FAILED


def test_a_name_that_means_nothing_at_the_head_of_the_queue_is_dropped(town: Town) -> None:
    job = town.submit()
    (ready,) = town.client.keys("docchu:ready:*")
    town.client.zadd(ready, {GARBAGE: -3, "job_%2/0": -2, f"job_{'x' * 24}/0": -1})
    assert take(town.worker()).job_id == job.id


def test_a_tenant_whose_listeners_are_damaged_gets_its_jobs_done(town: Town) -> None:
    town.client.hset(keys.SUBSCRIBERS, "acme", GARBAGE)
    check(town)
    town.client.hset(keys.SUBSCRIBERS, "acme", '{"whk_a": 3}')
    check(town)
