"""Batches in the store: names taken once, jobs counted, listed in order, ended once."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from shared.batches import BatchStatus
from shared.errors import QueueFull
from shared.errors.batches import (
    BatchClosed,
    BatchFull,
    BatchGone,
    BatchNotFound,
)
from shared.errors.documents import ArchiveEntryRefused
from shared.jobs import Document, Status
from shared.store import keys
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from tests.shared.batch_stories import TENANT, Batches
from tests.shared.store_stories import DAY_S, open_document, read, read_document, take


@pytest.fixture
def store(store_client: redis.Redis, tmp_path: Path) -> Batches:
    return Batches(store_client, tmp_path)


def test_a_batch_counts_its_jobs_as_they_go(store: Batches) -> None:
    batch = store.open()
    for name in "abcd":
        store.add(batch, name)
    assert store.counts(batch) == {"queued": 4}
    ann = store.worker()
    claim = open_document(ann, take(ann), 3)
    assert store.counts(batch) == {"queued": 3, "running": 1}
    assert store.get(batch).progress.pages_total == 6
    read(ann, claim, 1)
    assert store.get(batch).progress.pages_done == 1
    read(ann, claim, 2, 3)
    store.fail_next()
    found = store.get(batch)
    assert store.counts(batch) == {"queued": 2, "succeeded": 1, "failed": 1}
    assert (found.progress.pages_done, found.progress.pages_total) == (3, 5)
    assert [one.code for one in found.first_errors] == ["document_damaged"]
    assert found.first_errors[0].custom_id == "b"
    assert found.status is BatchStatus.OPEN and found.num_jobs == 4


def test_its_rate_and_what_is_left_tell_when_it_will_end(store: Batches) -> None:
    batch = store.open()
    for number in range(30):
        store.add(batch, str(number))
    for _ in range(20):
        ann = store.worker()
        claim = open_document(ann, take(ann), 1)
        store.clock.pass_s(2)
        read(ann, claim, 1)
    found = store.get(batch)
    assert found.pages_per_s == pytest.approx(0.5)
    assert found.eta_s == pytest.approx(20)


def test_it_ends_once_it_is_closed_and_its_last_job_has_ended(store: Batches) -> None:
    batch = store.open()
    store.add(batch, "a")
    read_document(store.worker())
    assert store.get(batch).status is BatchStatus.OPEN
    store.add(batch, "b")
    assert store.batches.close(TENANT, batch.id).status is BatchStatus.RUNNING
    read_document(store.worker())
    store.process_due()
    assert store.client.hget(keys.batch(batch.id), "ends") == "1"
    found = store.get(batch)
    assert found.status is BatchStatus.FINISHED and found.finished_at and found.expires_at
    store.process_due()
    assert store.batches.close(TENANT, batch.id) == found
    assert store.client.hget(keys.batch(batch.id), "ends") == "1"


def test_whoever_asks_after_the_last_job_learns_of_the_end_without_a_keeper(store: Batches) -> None:
    batch = store.open()
    store.add(batch, "a")
    store.batches.close(TENANT, batch.id)
    read_document(store.worker())
    assert store.batches.get(TENANT, batch.id).status is BatchStatus.FINISHED


def test_an_empty_batch_ends_when_it_is_closed(store: Batches) -> None:
    batch = store.open()
    assert store.batches.close(TENANT, batch.id).status is BatchStatus.FINISHED


def test_a_batch_that_nobody_closes_is_closed_in_the_end(store: Batches) -> None:
    batch = store.open()
    store.clock.pass_s(6 * DAY_S)
    store.add(batch, "a")
    read_document(store.worker())
    store.clock.pass_s(6 * DAY_S)
    store.process_due()
    assert store.get(batch).status is BatchStatus.OPEN
    store.clock.pass_s(1 * DAY_S)
    store.process_due()
    assert store.get(batch).status is BatchStatus.FINISHED


def test_a_name_is_taken_once(store: Batches) -> None:
    batch = store.open()
    job = store.add(batch, "a")
    assert store.batches.admit(TENANT, batch.id, "b") is None
    assert store.batches.admit(TENANT, batch.id, "a") == job.id
    assert store.add(batch, "a").id == job.id
    assert store.counts(batch) == {"queued": 1}
    store.batches.close(TENANT, batch.id)
    assert store.add(batch, "a").id == job.id
    with pytest.raises(BatchClosed):
        store.add(batch, "b")
    with pytest.raises(BatchClosed):
        store.batches.admit(TENANT, batch.id, "b")


def test_a_batch_takes_so_many_documents_and_no_more(store: Batches) -> None:
    batch = store.open()
    store.jobs = JobStore(store.client, Limits(1000, 500, max_batch_jobs=2), store.clock)
    store.add(batch, "a")
    store.add(batch, "b")
    with pytest.raises(BatchFull):
        store.add(batch, "c")


def test_a_tenant_does_not_see_anothers_batch(store: Batches) -> None:
    batch = store.open()
    with pytest.raises(BatchNotFound):
        store.batches.get("rival", batch.id)
    with pytest.raises(BatchGone):
        store.jobs.create(store.new(batch.model_copy(update={"tenant": "rival"}), "a"))
    assert store.batches.newest("rival", limit=10).batches == []


def test_batches_are_listed_newest_first(store: Batches) -> None:
    made = []
    for _ in range(5):
        store.clock.pass_s(1)
        made.append(store.open().id)
    first = store.batches.newest(TENANT, limit=3)
    rest = store.batches.newest(TENANT, limit=3, cursor=first.next_cursor)
    assert [one.id for one in (*first.batches, *rest.batches)] == made[::-1]
    assert rest.next_cursor is None


def test_its_jobs_are_listed_in_the_order_of_their_submission(store: Batches) -> None:
    batch = store.open()
    names = [f"{number}.pdf" for number in range(25)]
    for name in names:
        store.add(batch, name)
    seen, after = [], 0
    while True:
        found = store.batch_jobs.page(TENANT, batch.id, status=None, limit=10, after=after)
        seen += [job.custom_id for job in found.jobs]
        if found.next_cursor is None:
            break
        after = int(found.next_cursor)
    assert seen == names
    store.fail_next()
    assert store.names(batch, status=Status.FAILED) == ["0.pdf"]


def test_a_document_that_cannot_be_taken_is_a_failed_job_at_once(store: Batches) -> None:
    batch = store.open()
    store.jobs = JobStore(store.client, Limits(1, 1), store.clock)
    store.add(batch, "a")
    nothing = Document(name="../b", media_type="application/octet-stream", size=0, sha256="")
    refusal = ArchiveEntryRefused("It leads out of the archive.")
    job = store.jobs.create(store.new(batch, "b", document=nothing, refusal=refusal))
    assert job.status is Status.FAILED and job.error
    assert (job.error.code, job.error.detail) == (refusal.code, refusal.detail)
    assert store.counts(batch) == {"queued": 1, "failed": 1}
    with pytest.raises(QueueFull):
        store.add(batch, "c")
    read_document(store.worker())
    assert store.client.hgetall(keys.BACKLOG) == {}
