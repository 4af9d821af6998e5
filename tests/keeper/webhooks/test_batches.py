"""The end of a batch is told once, signed, and not before it can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from bench.receiver import Receiver
from shared.webhooks import MAX_BODY_BYTES
from tests.keeper.webhooks.stories import TENANT, event_of
from tests.shared.batch_stories import Batches
from tests.shared.store_stories import read_document


@pytest.fixture
def post(store_client: redis.Redis, tmp_path: Path) -> Batches:
    return Batches(store_client, tmp_path)


def test_the_end_of_a_batch_is_told_once_and_signed(post: Batches, receiver: Receiver) -> None:
    batch = post.open(webhook_url=receiver.url)
    post.add(batch, "một.pdf")
    post.add(batch, "hai.pdf")
    read_document(post.worker())
    post.fail_next()
    assert post.outbox.waiting(10) == []
    post.batches.close(TENANT, batch.id)
    for _ in range(3):
        post.process_due()
        post.send()
    (request,) = receiver.received
    secret = post.webhooks.secret(TENANT).secret
    event = event_of(request, secret, post.clock() / 1000)
    assert event["type"] == "batch.finished"
    assert event["data"] == post.get(batch).model_dump(mode="json", by_alias=True)
    assert event["data"]["counts"]["failed"] == 1
    (delivery,) = post.deliveries(job_id=batch.id)
    assert delivery.batch_id == batch.id and delivery.job_id is None


def test_its_end_can_be_read_when_it_is_told(post: Batches, receiver: Receiver) -> None:
    batch = post.open(webhook_url=receiver.url)
    post.add(batch, "a")
    post.batches.close(TENANT, batch.id)
    post.send()
    assert receiver.received == []
    read_document(post.worker())
    post.send()
    if receiver.received:  # only ever after the end
        assert post.client.hget(f"docchu:batch:{batch.id}", "finished")
    post.process_due()
    post.send()
    assert len(receiver.received) == 1


def test_registered_webhooks_hear_of_batches_if_they_asked(
    post: Batches, receiver: Receiver
) -> None:
    post.webhooks.create(TENANT, receiver.url, ("batch.finished",))
    post.webhooks.create(TENANT, receiver.url, ("job.failed",))
    batch = post.open()
    post.add(batch, "a")
    read_document(post.worker())
    post.batches.close(TENANT, batch.id)
    assert [event.type for event in post.outbox.waiting(10)] == ["batch.finished"]
    post.send()
    assert len(receiver.received) == 1


def test_a_canceled_batch_tells_its_end_too(post: Batches) -> None:
    batch = post.open(webhook_url="http://hooks.example/")
    post.add(batch, "a")
    post.batches.begin(TENANT, batch.id, "cancel")
    post.process_due()
    post.process_due()
    (event,) = post.outbox.waiting(10)
    body = post.sender.event_fan_out.prepare(event).body
    assert '"status":"canceled"' in body


def test_each_run_of_a_batch_tells_its_own_end(post: Batches, receiver: Receiver) -> None:
    batch = post.open(webhook_url=receiver.url)
    post.add(batch, "a")
    post.fail_next()
    post.batches.close(TENANT, batch.id)
    post.send()
    post.batches.begin(TENANT, batch.id, "retry")
    post.process_due()
    post.send()
    assert len(receiver.received) == 1
    read_document(post.worker())
    post.process_due()
    post.send()
    first, second = receiver.received
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    assert len(post.deliveries(job_id=batch.id)) == 2


def test_an_erased_batch_tells_nothing_of_itself(post: Batches) -> None:
    batch = post.open(webhook_url="http://hooks.example/")
    post.add(batch, "bí mật.pdf")
    post.fail_next()
    post.batches.begin(TENANT, batch.id, "erase")
    post.process_due()
    (event,) = post.outbox.waiting(10)
    fan_out = post.sender.event_fan_out.prepare(event)
    assert '"erased":true' in fan_out.body and "bí mật" not in fan_out.body
    assert post.outbox.fan_out(fan_out) == ["fanned_out"]


def test_a_body_stays_small_whatever_went_wrong(post: Batches) -> None:
    batch = post.open(webhook_url="http://hooks.example/")
    for number in range(12):
        post.add(batch, f"{'ệ' * 500} {number}")
        post.fail_next()
    post.batches.close(TENANT, batch.id)
    (event,) = post.outbox.waiting(10)
    assert len(post.get(batch).first_errors) == 10
    assert len(post.sender.event_fan_out.prepare(event).body.encode()) < MAX_BODY_BYTES
