"""Each command about a batch may come twice, because its first answer was lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis

from shared.batches import BatchStatus
from shared.errors.batches import BatchGone
from shared.errors.documents import ArchiveEntryRefused, ArchiveUnreadable
from shared.store import keys
from shared.store.batches.records import NewBatch
from shared.store.batches.uploads import NewBatchUpload
from shared.store.scripts import Scripts
from tests.keeper.webhooks.stories import TENANT
from tests.shared.batch_stories import Batches
from tests.shared.store_stories import DAY_S, read_document

TWICE = {
    "create",
    "batch_create",
    "batch_close",
    "bulk_begin",
    "bulk_progress",
    "batch_due",
    "upload_add",
    "upload_note",
    "upload_finish",
}


@pytest.fixture
def store(store_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batches:
    once = Scripts._call

    def call(scripts: Scripts, name: str, names: list[str], argv: list[Any]) -> Any:
        if name in TWICE:
            once(scripts, name, names, argv)
        return once(scripts, name, names, argv)

    monkeypatch.setattr(Scripts, "_call", call)
    return Batches(store_client, tmp_path)


def test_a_batch_ends_once_in_each_run(store: Batches) -> None:
    batch = store.open(webhook_url="http://hooks.example/")
    for name in "ab":
        store.add(batch, name)
    store.jobs.add(store.new(batch, "c", refusal=ArchiveEntryRefused()))
    store.fail_next()
    read_document(store.worker())
    store.batches.close(TENANT, batch.id)
    assert store.counts(batch) == {"failed": 2, "succeeded": 1}
    store.process_due()
    assert store.client.hget(keys.batch(batch.id), "ends") == "1"
    assert store.batches.begin(TENANT, batch.id, "retry")
    store.process_due()
    assert store.counts(batch) == {"failed": 1, "succeeded": 1, "queued": 1}
    read_document(store.worker())
    store.process_due()
    assert store.client.hget(keys.batch(batch.id), "ends") == "2"
    assert store.names(batch) == ["a", "b", "c"]
    assert [event.type for event in store.outbox.waiting(9)] == ["batch.finished"] * 2


def test_canceling_and_erasing_twice_is_canceling_and_erasing(store: Batches) -> None:
    batch = store.open()
    store.add(batch, "a")
    assert store.batches.begin(TENANT, batch.id, "cancel")
    store.process_due()
    assert store.get(batch).status is BatchStatus.CANCELED
    assert store.batches.begin(TENANT, batch.id, "erase")
    store.process_due()
    with pytest.raises(BatchGone):
        store.get(batch)
    store.clock.pass_s(40 * DAY_S)
    store.process_due()
    assert list(store.client.scan_iter("docchu:batch*")) == []


def test_a_upload_is_added_and_finished_once(store: Batches) -> None:
    new = NewBatch(TENANT, store.open().options, 7 * DAY_S, 30 * DAY_S)
    batch = store.batches.create(new, batch_upload=NewBatchUpload("zip"))
    store.batch_uploads.add(TENANT, batch.id, NewBatchUpload("ndjson"), last=True)
    assert store.get(batch).unpacking
    for _ in range(2):
        batch_upload = store.batch_uploads.take(60)
        assert batch_upload
        batch_upload = store.batch_uploads.advance(batch_upload, 1, 60)
        assert store.get(batch).status is BatchStatus.RUNNING
        store.batch_uploads.finish(batch_upload, ArchiveUnreadable())
    found = store.get(batch)
    assert found.status is BatchStatus.FINISHED and not found.unpacking
    assert found.problem and found.problem.code == ArchiveUnreadable.code
