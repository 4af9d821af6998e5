"""A slice is claimed by a worker that can read it, and holds nobody up until one comes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
import redis

from shared.broker import READ, make_celery
from shared.jobs import Job
from shared.options import Options
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.slices import Claim, Room, SliceQueue
from shared.store.needs import PLAIN, model_of, need_of, readable, suspect
from tests.shared.store_stories import Store, take


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


def test_what_older_workers_cannot_open_is_left_to_newer_ones() -> None:
    assert need_of(Options(), "image/heic") == "3" and need_of(Options(), "image/png") == PLAIN
    assert need_of(Options(model="x"), "image/avif") == "3.x"
    assert need_of(Options(), "image/jp2") in readable(()) and "3" not in readable((), 2)


def worker_with(store: Store, *models: str, version: int = 1) -> SliceQueue:
    needs = readable(models, version)
    return SliceQueue(store.client, "-".join(models), 10, store.clock, needs=lambda: needs)


def naming(store: Store, model: str, tenant: str = "acme") -> Job:
    return store.jobs.create(replace(store.new_job(tenant), options=Options(model=model)))


def test_a_job_is_claimed_by_a_worker_that_has_its_model(store: Store) -> None:
    job = naming(store, "receipts")
    assert worker_with(store, "print").claim() is None
    assert worker_with(store, "print").num_ready() == 0, "so that it is not taken for deaf"
    assert take(worker_with(store, "print", "receipts")).job_id == job.id


def test_a_job_that_nobody_can_read_holds_nobody_up(store: Store) -> None:
    stuck = [naming(store, "missing") for _ in range(20)]
    plain = [store.submit() for _ in range(3)]
    ann = worker_with(store, "print")
    assert [take(ann).job_id for _ in plain] == [job.id for job in plain]
    assert ann.claim() is None
    assert store.jobs.get("acme", stuck[0].id).status == "queued"


def test_a_job_for_a_newer_worker_waits_for_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.needs._SINCE", {"text_layer": 2})
    old = store.submit()
    new = store.jobs.create(replace(store.new_job("acme"), options=Options(text_layer="ignore")))
    assert need_of(Options(model="x", text_layer="ignore")) == "2.x"
    ann, bob = worker_with(store, "print"), worker_with(store, "print", version=2)
    assert take(ann).job_id == old.id and ann.claim() is None
    assert take(bob).job_id == new.id


def test_what_waited_for_its_worker_does_not_go_before_all_the_others(store: Store) -> None:
    for _ in range(30):
        naming(store, "rare", "patient")
    ann, bob = worker_with(store, "print"), worker_with(store, "print", "rare")
    for _ in range(60):  # the lane's time goes on without them
        store.submit("busy")
        take(ann)
    for _ in range(30):
        store.submit("busy")
    taken = Counter(take(bob).tenant for _ in range(20))
    assert 8 <= taken["patient"] <= 12, "they take turns from now on"


def test_a_tenant_that_names_two_models_has_no_greater_part(store: Store) -> None:
    for _ in range(30):
        naming(store, "print", "greedy")
        naming(store, "rare", "greedy")
        store.submit("greedy")
        store.submit("modest")
    ann = worker_with(store, "print", "rare")
    taken = Counter(take(ann).tenant for _ in range(40))
    assert 16 <= taken["modest"] <= 24


def test_a_lane_that_others_read_does_not_count_against_mine(store: Store) -> None:
    bulk = [store.submit(priority="bulk").id for _ in range(3)]
    naming(store, "missing")
    ann = worker_with(store, "print")
    assert [take(ann).job_id for _ in bulk] == bulk
    assert store.client.hget(keys.LANE_TIMES, "served:bulk") is None


def test_each_slice_that_waits_has_a_message_for_those_who_can_read_it(store: Store) -> None:
    store.submit(), store.submit(), naming(store, "receipts")
    assert store.client.llen(keys.wakeups("1")) == 2
    assert store.client.llen(keys.wakeups("1.receipts")) == 1


def test_a_message_of_a_canceled_job_goes_with_it(store: Store) -> None:
    store.submit()
    store.jobs.cancel("acme", store.submit().id)
    assert store.client.llen(keys.wakeups(PLAIN)) == 1


def test_a_slice_whose_message_was_spent_on_another_need_gets_another_one(store: Store) -> None:
    first, second = store.submit(), naming(store, "receipts")
    assert store.client.rpop(keys.wakeups("1.receipts")), "as the worker's thread does"
    claim = worker_with(store, "print", "receipts").claim(woken_by="1.receipts")
    assert isinstance(claim, Claim) and claim.job_id == first.id
    assert store.client.llen(keys.wakeups("1.receipts")) == 1
    assert take(worker_with(store, "receipts")).job_id == second.id


def test_a_suspect_slice_never_stands_in_front_of_a_healthy_one(store: Store) -> None:
    killer, healthy = store.submit(), store.submit()
    ann = store.worker(needs=[PLAIN])
    assert take(ann).job_id == killer.id
    store.clock.pass_s(60)
    store.keeper.recover(killer.id, "0")
    assert take(ann).job_id == healthy.id
    assert ann.claim() is None and ann.num_ready() == 0
    (need,) = suspect([PLAIN])
    apart = store.worker("ann, apart", needs=[need])
    again = take(apart)
    assert again.job_id == killer.id and again.crashes == 1
    assert apart.release(again), "as where its worker stops"
    assert ann.claim() is None
    assert take(apart).attempt == 3


def test_one_message_wakes_a_process_for_all_suspect_slices(store: Store) -> None:
    jobs = [store.submit() for _ in range(3)]
    ann = store.worker(needs=[PLAIN])
    for _ in jobs:
        take(ann)
    store.clock.pass_s(60)
    for job in jobs:
        store.keeper.recover(job.id, "0")
    (need,) = suspect([PLAIN])
    assert store.client.llen(keys.wakeups(need)) == 1
    assert store.client.rpop(keys.wakeups(need)), "as the worker's thread does"
    store.keeper.wake()
    assert store.client.llen(keys.wakeups(need)) == 1
    apart = store.worker("ann, apart", needs=[need])
    assert {take(apart).job_id for _ in jobs} == {job.id for job in jobs}
    assert store.client.llen(keys.wakeups(need)) == 0, "nothing waits any more"


def test_what_is_kept_for_others_is_left_to_wait(store: Store) -> None:
    store.submit("ann", "bulk")
    worker = store.worker()
    assert worker.claim(Room(bulk=False)) == "kept"
    first, slow = store.submit("ann"), store.submit("ann")
    assert claimed(worker, Room(bulk=False)).job_id == first.id
    assert worker.claim(Room(bulk=False, not_of=("ann",))) == "kept"
    other = store.submit("ben")
    assert claimed(worker, Room(bulk=False, not_of=("ann",))).job_id == other.id
    assert claimed(worker, Room(bulk=False)).job_id == slow.id
    assert worker.claim(Room(bulk=False)) == "kept"
    assert take(worker).is_bulk
    assert worker.claim(Room(bulk=False)) is None


def claimed(worker: SliceQueue, room: Room) -> Claim:
    claim = worker.claim(room)
    assert isinstance(claim, Claim)
    return claim


def test_the_message_is_the_one_that_celery_sends(store: Store, valkey_settings: Settings) -> None:
    naming(store, 'a "name" @id@')
    (need,) = store.client.hkeys(keys.NEEDS)
    assert model_of(need) == 'a "name" @id@'
    app = make_celery(valkey_settings)
    with app.connection_for_write() as connection:
        queue = keys.wakeups(need)
        app.amqp.queues.select_add(queue, no_ack=True)
        app.send_task(READ, queue=queue, connection=connection)
    by_celery, by_store = map(json.loads, store.client.lrange(queue, 0, -1))
    for message in (by_celery, by_store):
        task = message["headers"]["id"]
        assert message["headers"].pop("root_id") == message["properties"].pop("correlation_id")
        assert message["headers"].pop("id") == task and message["properties"].pop("delivery_tag")
        assert message["properties"].pop("reply_to"), "an id of the sending thread"
    assert by_store == by_celery
