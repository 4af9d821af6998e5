"""Lists are filtered before they are read: what is asked for costs, not what stands beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.client import Pipeline

from bench.receiver import Receiver, Reply, receiving
from shared.errors import InvalidOption
from shared.jobs import Status
from shared.store import keys
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import PageTimings
from shared.store.schema.version import take_over
from tests.shared.batch_stories import Batches
from tests.shared.store_stories import DAY_S, open_document, read, take

TENANT = "acme"
SOME, MANY = 20, 300
_FEW_TRIPS = 6


@pytest.fixture
def town(store_client: redis.Redis, tmp_path: Path) -> Batches:
    return Batches(store_client, tmp_path)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Cost:
    """What a call asks of the server: commands, and waits for an answer.

    Counted where they are sent, on the test's thread: other threads use the same server.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._thread = threading.get_ident()
        self._sent: list[int] = []
        for owner, name in ((redis.Redis, "execute_command"), (Pipeline, "execute")):
            monkeypatch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(client: redis.Redis, *args: Any, **options: Any) -> Any:
            if threading.get_ident() == self._thread:
                self._sent.append(len(client) if isinstance(client, Pipeline) else 1)
            return call(client, *args, **options)

        return counted

    def of(self, call: Callable[[], Any]) -> tuple[int, int, Any]:
        """Commands, round trips, and what the call answers."""
        self._sent.clear()
        answer = call()
        return sum(self._sent), len(self._sent), answer


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Cost:
    return Cost(monkeypatch)


def fail(town: Batches, number: int, **more: Any) -> None:
    """Jobs that failed as they were created."""
    batch = more.pop("batch", None)
    for at in range(number):
        new = town.new(batch, f"{more.get('name', 'x')} {at}") if batch else town.new_job(TENANT)
        refused = InvalidOption("It has neither `url` nor `data`.")
        town.jobs.add(type(new)(**{**new.__dict__, "refusal": refused}))


def running(town: Batches) -> str:
    """A job that a worker has, with a page that could not be read."""
    job = town.submit(TENANT)
    ann = town.worker()
    claim = open_document(ann, take(ann), 3)
    ann.record(claim, 1, PageRecord(None, "page_too_large", "Too large."), PageTimings())
    read(ann, claim, 2)
    return job.id


def test_a_rare_status_is_found_among_1500_failed_jobs_with_few_commands(
    town: Batches, cost: Cost
) -> None:
    wanted = running(town)
    fail(town, 1500)
    query: dict[str, Any] = {"status": Status.RUNNING, "limit": 20, "cursor": None}
    commands, trips, found = cost.of(lambda: town.jobs.newest(TENANT, **query))
    assert [job.id for job in found.jobs] == [wanted] and found.next_cursor is None
    assert commands < 10 and trips < _FEW_TRIPS


def test_a_full_list_asks_for_each_job_once_and_waits_a_few_times(
    town: Batches, cost: Cost
) -> None:
    fail(town, 50)
    running(town)
    for _ in range(49):
        town.submit(TENANT)
    query: dict[str, Any] = {"status": None, "limit": 100, "cursor": None}
    commands, trips, found = cost.of(lambda: town.jobs.newest(TENANT, **query))
    assert len(found.jobs) == 100
    assert commands < 100 * 3 + 20 and trips < _FEW_TRIPS


def test_the_jobs_of_a_batch_are_found_among_any_number(town: Batches, cost: Cost) -> None:
    counted = []
    batch = town.open()
    town.add(batch, "wanted")
    for number in (SOME, MANY):
        fail(town, number, batch=batch, name=str(number))
        query: dict[str, Any] = {"status": Status.QUEUED, "limit": 20}
        counted.append(cost.of(lambda q=query: town.names(batch, **q)))
    assert counted[0] == counted[1] and counted[0][2] == ["wanted"]
    assert counted[0][1] < _FEW_TRIPS


def test_tombstones_cost_a_list_nothing(town: Batches, cost: Cost) -> None:
    counted = []
    wanted = town.submit(TENANT)
    for number in (SOME, MANY):
        fail(town, number)
        for job_id in town.client.zrange(keys.parts(f"jobs:{TENANT}", ["failed"])[0], 0, -1):
            town.jobs.erase(TENANT, job_id)
        query: dict[str, Any] = {"status": None, "limit": 20, "cursor": None}
        counted.append(cost.of(lambda q=query: town.jobs.newest(TENANT, **q).jobs[0].id))
    assert counted[0] == counted[1] and counted[0][2] == wanted.id


def test_batches_that_are_gone_cost_a_list_nothing_and_problems_one_round_trip(
    town: Batches, cost: Cost
) -> None:
    shown = [town.open() for _ in range(10)]
    for batch in shown:
        fail(town, 2, batch=batch)
    counted = []
    for number in (2, SOME):
        for _ in range(number):
            town.batches.begin(TENANT, town.open().id, "erase")
        counted.append(cost.of(lambda: town.batches.newest(TENANT, limit=20).batches))
    assert counted[0] == counted[1] and counted[0][1] < _FEW_TRIPS
    assert [len(batch.first_errors) for batch in counted[0][2]] == [2] * 10


def test_deliveries_are_found_by_job_webhook_and_status_among_any_number(
    town: Batches, cost: Cost, receiver: Receiver
) -> None:
    hook = town.webhooks.create(TENANT, f"{receiver.url}/rare", events=("job.failed",))
    about = town.submit_for(receiver.url)
    town.fail()
    receiver.react = lambda request: Reply(500)
    town.send()
    receiver.react = lambda request: Reply(200)
    filters: list[dict[str, Any]] = [
        {"job_id": about.id},
        {"webhook_id": hook.id},
        {"status": "pending"},
        {"job_id": about.id, "webhook_id": hook.id, "status": "pending"},
    ]
    counted = []
    for number in (SOME, MANY):
        for _ in range(number):
            town.succeed(receiver.url)
        while town.send():
            pass
        counted.append([cost.of(lambda f=f: town.log.newest(TENANT, **f)) for f in filters])
    assert counted[0] == counted[1]
    assert [len(found.deliveries) for _, _, found in counted[0]] == [2, 1, 2, 1]
    assert all(trips < _FEW_TRIPS for _, trips, _ in counted[0])
    assert town.log.newest("rival", job_id=about.id).deliveries == []


def test_a_delivery_moves_in_its_lists_and_leaves_them(town: Batches, receiver: Receiver) -> None:
    town.webhooks.create(TENANT, receiver.url)
    job = town.succeed()
    town.send()
    (delivery,) = town.deliveries(job_id=job.id, status="succeeded")
    town.log.redeliver(TENANT, delivery.id)
    assert [one.id for one in town.deliveries(status="pending")] == [delivery.id]
    assert town.deliveries(job_id=job.id, status="succeeded") == []
    town.send()
    town.log._max_per_tenant = 0
    assert town.log.trim(TENANT) == 1
    assert town.client.keys("docchu:list:[dwa]*") == []


def test_lists_of_deliveries_live_as_long_as_what_is_in_them(
    town: Batches, receiver: Receiver
) -> None:
    job = town.succeed(receiver.url)
    town.send()
    for owner in (f"deliveries:{TENANT}", f"about:{job.id}"):
        (name,) = keys.parts(owner, ["succeeded"])
        assert 29 * DAY_S < town.client.ttl(name) <= 30 * DAY_S


def test_a_record_that_is_damaged_takes_no_list_down(town: Batches) -> None:
    batch = town.open()
    jobs = [town.add(batch, name) for name in "abc"]
    town.client.hset(keys.job(jobs[0].id), "options", "{")
    town.client.delete(keys.job(jobs[1].id))
    town.client.set(keys.job(jobs[1].id), "none")
    assert town.names(batch) == ["c"]
    found = town.jobs.newest(TENANT, status=None, limit=10, cursor=None)
    assert [job.id for job in found.jobs] == [jobs[2].id]


def test_jobs_of_one_moment_and_of_a_clock_that_was_set_back_keep_their_order(
    town: Batches,
) -> None:
    made = [town.submit().id for _ in range(3)]
    town.clock.pass_s(-7 * 3600)
    made += [town.submit().id for _ in range(3)]
    seen, cursor = [], None
    for _ in range(3):
        page = town.jobs.newest(TENANT, status=None, limit=2, cursor=cursor)
        seen += [job.id for job in page.jobs]
        cursor = page.next_cursor
    assert seen == made[::-1] and cursor is None


def as_of_schema_2(town: Batches) -> None:
    """Have lists as they were: one of a tenant's jobs, of its deliveries, of a batch's jobs."""
    client = town.client
    for name in client.keys(f"{keys.LISTS}*"):
        kind, owner, _ = name.removeprefix(keys.LISTS).split(":")
        old = f"docchu:batch:{owner}:jobs" if kind == "batch" else f"docchu:tenant:{owner}:{kind}"
        for one, place in client.zrange(name, 0, -1, withscores=True):
            if kind in ("jobs", "deliveries", "batch"):
                at = place if kind == "batch" else town.clock.ms  # at one moment, all of them
                client.zadd(old, {one: at})
        client.delete(name)
    client.delete(keys.PLACES)
    client.set(keys.SCHEMA, 2)


def test_lists_of_before_are_taken_over(town: Batches, receiver: Receiver) -> None:
    town.webhooks.create(TENANT, receiver.url)
    batch, gone = town.open(), town.open()
    for name in "abc":
        town.add(batch, name)
    running(town)
    town.fail()
    town.send()
    town.batches.begin(TENANT, gone.id, "erase")
    town.client.zadd(keys.tenant_batches(TENANT), {gone.id: 1})  # it stayed in the list
    town.jobs.erase(TENANT, town.submit().id)

    def listed() -> list[Any]:
        every: dict[str, Any] = {"status": None, "limit": 10, "cursor": None}
        jobs = [town.jobs.newest(TENANT, **every | {"status": one}).jobs for one in (*Status, None)]
        names = [town.names(batch, status=one) for one in (Status.FAILED, Status.QUEUED, None)]
        return [
            [{job.id for job in some} for some in jobs],
            names,
            town.deliveries(status="succeeded"),
            [one.id for one in town.batches.newest(TENANT, limit=9).batches],
        ]

    before = listed()
    as_of_schema_2(town)
    for _ in range(2):
        take_over(town.client)
        assert listed() == before
        town.client.set(keys.SCHEMA, 2)
    query: dict[str, Any] = {"status": None, "limit": 1}
    first = town.jobs.newest(TENANT, **query, cursor=None)
    assert town.jobs.newest(TENANT, **query, cursor=first.next_cursor).jobs != first.jobs
    newest = town.submit()
    assert town.jobs.newest(TENANT, **query, cursor=None).jobs[0].id == newest.id
    assert town.client.keys("docchu:tenant:*:jobs") == []
