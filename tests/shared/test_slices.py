"""A slice is claimed, read, lost and brought back, and no stale attempt writes anything."""

from __future__ import annotations

import pytest
import redis

from shared.errors import JobGone, StaleAttempt
from shared.errors.documents import DocumentEncrypted
from shared.jobs import Status
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import PageTimings
from tests.shared.store_stories import (
    LEASE_S,
    Store,
    open_document,
    read,
    read_document,
    take,
)


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


def test_a_document_of_one_page_is_read(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    assert job.status is Status.QUEUED and job.queue.position == 1

    claim = open_document(ann, take(ann), 1)
    store.clock.pass_s(2)
    ann.record(claim, 1, PageRecord("page-1"), PageTimings(0.5, 0.25, 0.125))

    done = store.jobs.get("acme", job.id)
    assert done.status is Status.SUCCEEDED
    assert (done.progress.pages_done, done.progress.pages_total) == (1, 1)
    assert done.timings.load_s == 0.5 and done.timings.total_s == 2
    assert ann.num_ready() == 0


def test_a_long_document_becomes_slices_for_all_workers(store: Store) -> None:
    job = store.submit()
    ann, bob = store.worker("ann"), store.worker("bob")
    first = take(ann)
    opened, created = ann.open(first, 40, range(1, 41), 16)
    assert opened.pages == tuple(range(1, 17)) and created == 2

    second, third = take(bob), take(ann)
    assert second.pages == tuple(range(17, 33)) and third.pages == tuple(range(33, 41))
    for worker, claim in ((bob, second), (ann, third), (ann, opened)):
        assert store.jobs.get("acme", job.id).status is Status.RUNNING
        read(worker, claim, *(claim.pages or ()))
    assert store.jobs.get("acme", job.id).status is Status.SUCCEEDED


def test_a_killed_worker_loses_only_the_pages_it_had_not_recorded(store: Store) -> None:
    store.submit()
    ann, bob = store.worker("ann"), store.worker("bob")
    lost = open_document(ann, take(ann), 5)
    read(ann, lost, 1, 2)
    store.clock.pass_s(LEASE_S + 1)
    for name in store.keeper.expired_leases(10):
        assert store.keeper.recover(*name) == "ready"
    again = take(bob)
    assert again.attempt == 2 and again.crashes == 1
    assert again.left == (3, 4, 5)


def test_a_renewed_lease_does_not_run_out(store: Store) -> None:
    store.submit()
    ann = store.worker()
    claim = take(ann)
    for _ in range(5):
        store.clock.pass_s(LEASE_S - 1)
        assert ann.renew(claim) == "held"
    assert store.keeper.expired_leases(10) == []


def test_a_worker_that_wakes_up_late_is_refused(store: Store) -> None:
    job = store.submit()
    ann, bob = store.worker("ann"), store.worker("bob")
    stale = open_document(ann, take(ann), 2)
    store.clock.pass_s(LEASE_S + 1)
    store.keeper.recover(job.id, "0")
    fresh = take(bob)

    assert ann.renew(stale) == "lost"
    for write in (
        lambda: read(ann, stale, 1),
        lambda: ann.finish(stale),
        lambda: ann.fail(stale, DocumentEncrypted()),
        lambda: ann.open(stale, 9, range(1, 10), 16),
    ):
        with pytest.raises(StaleAttempt):
            write()
    assert not ann.release(stale)

    read(bob, fresh, 1, 2)
    assert store.jobs.get("acme", job.id).status is Status.SUCCEEDED


def test_a_page_is_recorded_once(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 2)
    read(ann, claim, 1)
    assert ann.record(claim, 1, PageRecord("other"), PageTimings()) == "repeated"
    assert store.jobs.pages("acme", job.id)[1].blob == "page-1"


def test_a_slice_that_keeps_killing_is_split_and_its_poison_page_named(store: Store) -> None:
    job = store.submit()
    ann = store.worker()

    def die_on(page: int) -> None:
        """Read pages in order and die when this one comes."""
        claim = take(ann)
        claim = claim if claim.pages else open_document(ann, claim, 4)
        for left in claim.left:
            if left == page:
                store.clock.pass_s(LEASE_S + 1)
                store.keeper.recover(job.id, claim.index)
                return
            read(ann, claim, left)

    for _ in range(50):
        if not ann.num_ready():
            break
        die_on(3)

    done = store.jobs.get("acme", job.id)
    assert done.status is Status.PARTIAL and done.error
    assert [(p.page, p.code) for p in done.error.pages] == [(3, "poison_page")]
    assert done.progress.pages_done == 4


def test_a_document_that_kills_when_opened_fails_in_the_end(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    for _ in range(3):
        take(ann)
        store.clock.pass_s(LEASE_S + 1)
        store.keeper.recover(job.id, "0")
    done = store.jobs.get("acme", job.id)
    assert done.status is Status.FAILED and done.error and done.error.code == "poison_page"


def test_a_killer_does_not_stand_in_the_door_of_the_next_document(store: Store) -> None:
    killer, innocent = store.submit(), store.submit()
    ann = store.worker()
    assert take(ann).job_id == killer.id
    store.clock.pass_s(LEASE_S + 1)
    store.keeper.recover(killer.id, "0")
    assert take(ann).job_id == innocent.id
    assert take(ann).job_id == killer.id


def test_a_slice_requeued_goes_first_and_counts_no_death(store: Store) -> None:
    first, _ = store.submit(), store.submit()
    ann = store.worker()
    assert ann.release(take(ann))
    claim = take(ann)
    assert claim.job_id == first.id and claim.crashes == 0


def test_an_encrypted_document_fails_as_a_whole(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    ann.fail(take(ann), DocumentEncrypted())
    done = store.jobs.get("acme", job.id)
    assert done.status is Status.FAILED and done.error
    assert done.error.code == "document_encrypted"


def test_pages_that_fail_are_named_and_the_others_count(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 3)
    read(ann, claim, 1)
    ann.record(claim, 2, PageRecord(None, "page_too_large", "Too large."), PageTimings())
    ann.record(claim, 3, PageRecord("page-3", "document_damaged", "Cut short."), PageTimings())
    done = store.jobs.get("acme", job.id)
    assert done.status is Status.PARTIAL and done.error
    assert [p.code for p in done.error.pages] == ["page_too_large", "document_damaged"]


def test_a_job_whose_pages_all_fail_alike_says_why(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 2)
    for page in (1, 2):
        ann.record(claim, page, PageRecord(None, "page_too_large", "Too large."), PageTimings())
    done = store.jobs.get("acme", job.id)
    assert done.status is Status.FAILED and done.error and done.error.code == "page_too_large"


def test_cancel_ends_what_waits_at_once_and_what_is_read_at_its_next_page(store: Store) -> None:
    running, waiting = store.submit(), store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 40)
    assert store.jobs.cancel("acme", waiting.id).status is Status.CANCELED
    assert store.jobs.cancel("acme", running.id).status is Status.RUNNING
    assert ann.renew(claim) == "canceled"
    assert ann.record(claim, 1, PageRecord("page-1"), PageTimings()) == "canceled"
    ann.finish(claim)
    assert store.jobs.get("acme", running.id).status is Status.CANCELED
    assert ann.num_ready() == 0


def test_erasing_a_running_job_fences_its_worker_out(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    claim = open_document(ann, take(ann), 2)
    store.jobs.erase("acme", job.id)
    with pytest.raises(StaleAttempt):
        read(ann, claim, 1)
    with pytest.raises(JobGone):
        store.jobs.get("acme", job.id)
    assert store.client.hgetall("docchu:backlog") == {}


def test_tenants_take_turns_by_pages(store: Store) -> None:
    ann = store.worker()
    greedy = [store.submit("greedy") for _ in range(20)]
    modest = store.submit("modest")
    order = [take(ann).job_id for _ in range(4)]
    assert modest.id in order[:2] and greedy[0].id in order[:2]


def test_bulk_work_gets_a_tenth_under_constant_interactive_load(store: Store) -> None:
    ann = store.worker()
    bulk = {store.submit(priority="bulk").id for _ in range(30)}
    taken = 0
    for _ in range(100):
        store.submit()
        store.submit()
        taken += take(ann).job_id in bulk
    assert 8 <= taken <= 12


def test_everything_that_waited_is_gone_from_the_queue_at_the_end(store: Store) -> None:
    for _ in range(5):
        store.submit()
    ann = store.worker()
    while ann.num_ready():
        read_document(ann)
    store.keeper.wake()
    passing = ("docchu:job:", "docchu:claim:")
    left = {key for key in store.client.keys("docchu*") if not key.startswith(passing)}
    assert left <= {"docchu:lanes", "docchu:rate", "docchu:retention", "docchu:places",
                    "docchu:list:jobs:acme:succeeded", "docchu:list:jobs:acme:finished",
                    "docchu:states",
                    "docchu:flows:interactive:1"}  # fmt: skip
