"""What is done to all jobs of a batch: canceled, retried, erased, forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from shared.batches import BatchStatus
from shared.blobs import INPUT, BlobNotFound
from shared.errors import JobGone
from shared.errors.batches import (
    BatchBusy,
    BatchClosed,
    BatchGone,
)
from shared.errors.documents import ArchiveEntryRefused
from shared.jobs import Document, Status
from shared.media import PNG
from shared.store import keys
from tests.shared.batch_stories import TENANT, Batches
from tests.shared.store_stories import DAY_S, open_document, read, read_document, take


@pytest.fixture
def store(store_client: redis.Redis, tmp_path: Path) -> Batches:
    return Batches(store_client, tmp_path)


def test_cancel_ends_what_waits_and_lets_nothing_in(store: Batches) -> None:
    batch = store.open()
    for number in range(5):
        store.add(batch, str(number))
    ann = store.worker()
    claim = open_document(ann, take(ann), 2)
    assert store.batches.begin(TENANT, batch.id, "cancel")
    assert not store.due_batches.bulk.step(batch.id)
    assert store.counts(batch) == {"canceled": 4, "running": 1}
    assert store.get(batch).status is BatchStatus.RUNNING
    read(ann, claim, 1)
    ann.finish(claim)
    assert store.get(batch).status is BatchStatus.CANCELED
    with pytest.raises(BatchClosed):
        store.add(batch, "late")
    assert not store.batches.begin(TENANT, batch.id, "cancel")


def test_what_was_begun_by_a_request_that_died_is_done_by_the_keeper(store: Batches) -> None:
    batch = store.open()
    for number in range(5):
        store.add(batch, str(number))
    store.batches.begin(TENANT, batch.id, "cancel")
    assert store.due_batches.bulk.step(batch.id, limit=2)
    assert store.counts(batch) == {"canceled": 2, "queued": 3}
    store.process_due(1)
    assert store.counts(batch) == {"canceled": 5}
    assert store.get(batch).status is BatchStatus.CANCELED


def test_retry_puts_new_jobs_in_the_places_of_failed_ones(store: Batches) -> None:
    batch = store.open()
    jobs = [store.add(batch, name) for name in "abc"]
    lost = store.fail_next(), store.fail_next()
    assert lost == (jobs[0].id, jobs[1].id)
    read_document(store.worker())
    store.blobs.delete(TENANT, jobs[1].id, INPUT)
    store.batches.close(TENANT, batch.id)
    before = store.get(batch)
    assert before.status is BatchStatus.FINISHED
    assert store.batches.begin(TENANT, batch.id, "retry")
    store.due_batches.bulk.step(batch.id)
    found = store.get(batch)
    assert found.status is BatchStatus.RUNNING and found.finished_at is None
    assert store.counts(batch) == {"queued": 1, "failed": 1, "succeeded": 1}
    assert [one.job_id for one in found.first_errors] == [jobs[1].id]
    assert store.names(batch) == ["a", "b", "c"]
    retried = store.batch_jobs.page(TENANT, batch.id, status=Status.QUEUED, limit=1).jobs[0]
    assert retried.position == 1 and retried.id != jobs[0].id
    assert store.blobs.get(TENANT, retried.id, INPUT) == b"%PDF"
    with pytest.raises(JobGone):
        store.jobs.get(TENANT, jobs[0].id)
    read_document(store.worker())
    store.process_due()
    assert store.get(batch).status is BatchStatus.FINISHED
    assert store.client.hget(keys.batch(batch.id), "ends") == "2"
    assert store.get(batch).progress.pages_done == 2


def test_a_retry_waits_for_room(store: Batches) -> None:
    batch = store.open()
    for name in "abc":
        store.add(batch, name)
    for _ in "abc":
        store.fail_next()
    store.limit(max_queued_pages=2)
    store.batches.begin(TENANT, batch.id, "retry")
    store.process_due()
    assert store.counts(batch) == {"queued": 2, "failed": 1}
    read_document(store.worker())
    store.process_due()
    assert store.counts(batch) == {"queued": 2, "succeeded": 1}


def test_a_batch_that_is_being_canceled_is_not_retried(store: Batches) -> None:
    batch = store.open()
    store.add(batch, "a")
    store.fail_next()
    store.add(batch, "b")
    store.batches.begin(TENANT, batch.id, "cancel")
    with pytest.raises(BatchBusy):
        store.batches.begin(TENANT, batch.id, "retry")


def test_erasing_leaves_nothing_but_that_there_was_such_a_batch(store: Batches) -> None:
    batch = store.open()
    jobs = [store.add(batch, f"bí mật {number}") for number in range(3)]
    read_document(store.worker())
    store.batches.begin(TENANT, batch.id, "erase")
    with pytest.raises(BatchGone):
        store.get(batch)
    store.process_due()
    for job in jobs:
        with pytest.raises(JobGone):
            store.jobs.get(TENANT, job.id)
        with pytest.raises(BlobNotFound):
            store.blobs.get(TENANT, job.id, INPUT)
    assert "bí mật" not in str(dump(store.client))
    assert store.batches.newest(TENANT, limit=10).batches == []
    with pytest.raises(BatchGone):
        store.add(batch, "late")


def test_in_the_end_a_batch_is_forgotten_with_all_that_was_counted(store: Batches) -> None:
    batch = store.open()
    store.add(batch, "a")
    nothing = Document(media_type=PNG, size=0, sha256="")
    store.jobs.create(store.new(batch, "b", document=nothing, refusal=ArchiveEntryRefused()))
    read_document(store.worker())
    store.batches.close(TENANT, batch.id)
    store.clock.pass_s(7 * DAY_S)
    store.process_due()
    with pytest.raises(BatchGone):
        store.get(batch)
    store.clock.pass_s(30 * DAY_S)
    store.process_due()
    for due in store.keeper.due(10):
        assert store.keeper.expire([due]) == ["forgotten"]
    for due in store.keeper.erased(10):
        store.keeper.cleaned([due.job_id])
    store.keeper.wake()
    left = dump(store.client)
    assert set(left.pop("docchu:states").values()) == {"0"}
    passing = ("docchu:lanes", "docchu:flows:", "docchu:rate", "docchu:claim:", "docchu:places")
    assert {name for name in left if not name.startswith(passing)} == set()


def dump(client: redis.Redis) -> dict[str, object]:
    """Every key with what it holds."""
    readers = {"hash": client.hgetall, "zset": lambda n: client.zrange(n, 0, -1)}
    readers |= {"string": client.get, "list": lambda n: client.lrange(n, 0, -1)}
    return {name: readers[client.type(name)](name) for name in client.scan_iter("docchu:*")}
