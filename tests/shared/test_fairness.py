"""Who is read next: tenants share evenly, a tenant's batches share its part, bulk has its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import redis

from shared.batches import Batch
from shared.store import keys
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from tests.shared.batch_stories import Batches
from tests.shared.store_stories import open_document, read, take

MANY_PAGES = 100_000


@pytest.fixture
def store(store_client: redis.Redis, tmp_path: Path) -> Batches:
    made = Batches(store_client, tmp_path)
    made.jobs = JobStore(store_client, Limits(2 * MANY_PAGES, 2 * MANY_PAGES), made.clock)
    return made


def fill(store: Batches, batch: Batch, num: int, first: int = 0) -> None:
    """Add documents without bytes: nobody opens them here."""
    for number in range(first, first + num):
        store.jobs.create(store.new(batch, str(number)))


def taken_until_done(store: Batches, batch: Batch) -> Counter[str]:
    """Claim one after the other until nothing of a batch waits; slices taken, by batch."""
    ann, taken = store.worker(), Counter[str]()
    while store.get(batch).counts.queued:
        claim = take(ann)
        taken[store.client.hget(keys.job(claim.job_id), "batch") or "none"] += 1
    return taken


def test_the_many_pages_of_one_do_not_starve_the_ten_of_another(store: Batches) -> None:
    greedy, modest = store.open("greedy"), store.open("modest")
    fill(store, greedy, 1)
    ann = store.worker()
    claim = open_document(ann, take(ann), MANY_PAGES)
    read(ann, claim, *claim.left)
    fill(store, modest, 10)
    taken = taken_until_done(store, modest)
    assert taken[modest.id] == 10
    assert taken[greedy.id] <= 2  # slices of 16 pages, turn by turn by pages


def test_a_second_batch_of_a_tenant_does_not_wait_for_the_end_of_the_first(store: Batches) -> None:
    first, second = store.open(), store.open()
    fill(store, first, 50)
    fill(store, second, 10)
    taken = taken_until_done(store, second)
    assert taken[second.id] == 10 and taken[first.id] <= 22


def test_many_batches_give_a_tenant_no_greater_part(store: Batches) -> None:
    modest = store.open("modest")
    greedy = [store.open("greedy") for _ in range(10)]
    for turn in range(10):
        for batch in greedy:
            fill(store, batch, 1, turn)
    fill(store, modest, 10)
    taken = taken_until_done(store, modest)
    others = sum(taken[batch.id] for batch in greedy)
    assert taken[modest.id] == 10 and others <= 15
    assert sum(taken[batch.id] > 0 for batch in greedy) >= 8, "and its batches take turns"


def test_a_batch_for_each_document_gives_a_tenant_no_greater_part(store: Batches) -> None:
    greedy = [store.open("greedy") for _ in range(20)]
    for batch in greedy:
        fill(store, batch, 1)
    modest = store.open("modest")
    fill(store, modest, 4)
    taken = taken_until_done(store, modest)
    assert taken[modest.id] == 4 and taken.total() <= 9


def test_single_bulk_jobs_of_a_tenant_share_with_its_batch(store: Batches) -> None:
    batch = store.open()
    fill(store, batch, 50)
    single = [store.submit("acme", "bulk").id for _ in range(5)]
    ann = store.worker()
    order = [take(ann).job_id for _ in range(20)]
    assert set(single) <= set(order)


def test_a_batch_gets_a_tenth_under_constant_interactive_load_and_no_more(store: Batches) -> None:
    batch = store.open()
    fill(store, batch, 12)
    ann, taken = store.worker(), 0
    for _ in range(50):
        store.submit()
        store.submit()
        taken += store.client.hget(keys.job(take(ann).job_id), "batch") == batch.id
    assert 5 <= taken <= 6


def test_what_was_counted_to_share_fairly_is_gone_with_the_work(store: Batches) -> None:
    batches = [store.open() for _ in range(3)]
    for batch in batches:
        fill(store, batch, 3)
    ann = store.worker()
    claim = take(ann)
    store.clock.pass_s(60)
    store.keeper.recover(claim.job_id, claim.index)
    ann.release(take(ann))
    for batch in batches[:1]:
        store.batches.begin("acme", batch.id, "cancel")
    store.process_due()
    while ann.num_ready():
        read(ann, open_document(ann, take(ann), 1), 1)
    for batch in batches:
        store.batches.close("acme", batch.id)
    store.process_due()
    assert store.client.hgetall(keys.waiting("bulk")) == {}
