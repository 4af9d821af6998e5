"""A job ends in its time: by what was read until then, the other pages named."""

from __future__ import annotations

import pytest
import redis

from shared.errors import StaleAttempt
from shared.ids import new_id
from shared.jobs import Document, Job, Status
from shared.options import Options
from shared.store import keys
from shared.store.jobs.records import NewJob, PageRecord
from shared.store.jobs.slices import JobTime, PageTimings
from tests.shared.store_stories import DAY_S, LEASE_S, Store, open_document, read, take

JOB_S, PAGE_S = JobTime().job_s, JobTime().page_s


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


def submit(store: Store, timeout_s: int) -> Job:
    document = Document(media_type="application/pdf", size=3, sha256="00")
    options = Options(timeout_s=timeout_s)
    return store.jobs.create(NewJob(new_id("job"), "acme", document, options, DAY_S, DAY_S, DAY_S))


def end_overdue(store: Store) -> list[str]:
    return [store.keeper.end_overdue(job_id) for job_id in store.keeper.overdue(10)]


def test_a_job_that_nobody_reads_in_its_time_fails(store: Store) -> None:
    job = submit(store, timeout_s=5)
    assert end_overdue(store) == []
    store.clock.pass_s(5)
    assert end_overdue(store) == ["ended"] and end_overdue(store) == []
    ended = store.jobs.get("acme", job.id)
    assert ended.status is Status.FAILED
    assert ended.error and ended.error.code == "job_timeout"
    assert store.worker().num_ready() == 0
    assert store.client.hgetall(keys.BACKLOG) == {}


def test_pages_that_were_read_in_time_are_kept_and_the_others_named(store: Store) -> None:
    job = submit(store, timeout_s=5)
    ann = store.worker()
    claim = open_document(ann, take(ann), 20)
    read(ann, claim, 1, 2)
    store.clock.pass_s(5)
    assert end_overdue(store) == ["ended"]
    with pytest.raises(StaleAttempt):
        ann.record(claim, 3, PageRecord("page-3"), PageTimings())
    ended = store.jobs.get("acme", job.id)
    assert ended.status is Status.PARTIAL and ended.error
    assert [(p.page, p.code) for p in ended.error.pages] == [
        (page, "job_timeout") for page in range(3, 21)
    ]
    assert store.client.hgetall(keys.BACKLOG) == {}


def test_without_a_timeout_the_time_goes_by_the_pages_and_begins_with_the_reading(
    store: Store,
) -> None:
    store.submit()
    store.clock.pass_s(10 * JOB_S)
    assert end_overdue(store) == [], "waiting takes what it takes"
    ann = store.worker()
    claim = open_document(ann, take(ann), 10)
    store.clock.pass_s(JOB_S + 10 * PAGE_S - 1)
    assert end_overdue(store) == []
    store.clock.pass_s(1)
    assert end_overdue(store) == ["ended"]
    assert ann.renew(claim) == "lost"


def test_a_job_that_ended_in_time_has_no_deadline_left(store: Store) -> None:
    job = submit(store, timeout_s=5)
    ann = store.worker()
    read(ann, open_document(ann, take(ann), 1), 1)
    store.clock.pass_s(60)
    assert end_overdue(store) == []
    assert store.jobs.get("acme", job.id).status is Status.SUCCEEDED
    assert store.client.hget(keys.job(job.id), "ends") == "1"


def test_a_job_that_is_being_canceled_does_not_time_out(store: Store) -> None:
    job = submit(store, timeout_s=5)
    take(store.worker())
    store.jobs.cancel("acme", job.id)
    store.clock.pass_s(5)
    assert end_overdue(store) == ["ended"]
    assert store.jobs.get("acme", job.id).status is Status.CANCELED


def test_the_timeline_tells_of_every_attempt(store: Store) -> None:
    job = store.submit()
    ann, bob = store.worker("ann"), store.worker("bob")
    take(ann)
    store.clock.pass_s(LEASE_S + 1)
    assert [store.keeper.recover(*name) for name in store.keeper.expired_leases(9)] == ["ready"]
    again = open_document(bob, take(bob), 2)
    bob.release(again)
    store.clock.pass_s(1)
    claim = take(ann)
    told = store.jobs.timeline("acme", job.id)
    assert [(a.attempt, a.worker, a.outcome) for a in told] == [
        (1, "ann", "lost"),
        (2, "bob", "released"),
        (3, "ann", None),
    ]
    read(ann, claim, 1, 2)
    last = store.jobs.timeline("acme", job.id)[-1]
    assert (last.attempt, last.outcome) == (3, "finished")
    assert (told[0].ended_at - told[0].started_at).total_seconds() == LEASE_S + 1


def test_the_timeline_is_erased_with_its_job(store: Store) -> None:
    job = store.submit()
    ann = store.worker()
    read(ann, open_document(ann, take(ann), 1), 1)
    store.jobs.erase("acme", job.id)
    assert store.client.keys(f"docchu:job:{job.id}*") == [keys.job(job.id)]
