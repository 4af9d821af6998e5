"""The log of deliveries: every attempt, filters, bounds in time and number, sending once more."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from bench.receiver import Receiver, Reply
from shared.errors import InvalidOption
from shared.errors.webhooks import DeliveryInFlight, DeliveryNotFound
from shared.ids import new_id
from shared.store import keys
from tests.keeper.webhooks.stories import DAY_S, TENANT, Post


def test_a_tenant_does_not_see_anothers_deliveries(post: Post) -> None:
    post.succeed("http://127.0.0.1:9/")
    post.send()
    (delivery,) = post.deliveries()
    for found in (new_id("dlv"), "dlv_x", "../x", "*"):
        with pytest.raises(DeliveryNotFound):
            post.log.get(TENANT, found)
    with pytest.raises(DeliveryNotFound):
        post.log.get("rival", delivery.id)
    with pytest.raises(DeliveryNotFound):
        post.log.redeliver("rival", delivery.id)
    assert post.log.newest("rival").deliveries == []


def test_the_log_is_newest_first_page_by_page_and_by_filter(post: Post, receiver: Receiver) -> None:
    webhook = post.webhooks.create(TENANT, receiver.url)
    jobs = []
    for number in range(7):
        receiver.react = lambda request, bad=number % 2: Reply(500 if bad else 200)  # type: ignore[misc]
        jobs.append(post.succeed("http://127.0.0.1:9/" if number == 3 else None).id)
        post.send()
        post.clock.pass_s(0.5)
    seen: list[str | None] = []
    cursor = None
    while True:
        found = post.log.newest(TENANT, limit=3, cursor=cursor)
        seen += [one.job_id for one in found.deliveries]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert list(dict.fromkeys(seen)) == jobs[::-1] and len(seen) == 8
    assert len(post.deliveries(job_id=jobs[3])) == 2
    assert len(post.deliveries(webhook_id=webhook.id)) == 7
    assert len(post.deliveries(status="succeeded")) == 4
    assert post.deliveries(webhook_id=webhook.id, status="failed") == []
    with pytest.raises(InvalidOption):
        post.log.newest(TENANT, cursor="dlv_nonsense")


def test_redelivery_sends_the_same_event_again_from_the_start(
    post: Post, receiver: Receiver
) -> None:
    post.succeed(receiver.url)
    post.send()
    (delivery,) = post.deliveries()
    post.clock.pass_s(DAY_S)
    again = post.log.redeliver(TENANT, delivery.id)
    assert again.status == "pending" and again.num_attempts == 1
    receiver.react = lambda request: Reply(500)
    post.send()
    post.clock.pass_s(5)
    post.send()
    first, second, third = receiver.received
    assert first.body == second.body == third.body
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert post.deliveries()[0].num_attempts == 3


def test_what_waits_for_its_next_attempt_can_be_sent_now(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(500)
    post.succeed(receiver.url)
    post.send()
    post.clock.pass_s(1)
    (delivery,) = post.deliveries()
    receiver.react = lambda request: Reply()
    post.log.redeliver(TENANT, delivery.id)
    assert post.send() == 1
    assert post.deliveries()[0].status == "succeeded"


def test_what_is_being_sent_cannot_be_sent_again_meanwhile(post: Post, receiver: Receiver) -> None:
    post.succeed(receiver.url)
    post.sender.fan_out()
    (delivery,) = post.deliveries()
    post.take(1)
    with pytest.raises(DeliveryInFlight):
        post.log.redeliver(TENANT, delivery.id)


def test_the_log_of_a_tenant_is_bounded_but_nothing_pending_is_dropped(
    store_client: redis.Redis, tmp_path: Path, receiver: Receiver
) -> None:
    post = Post(store_client, tmp_path, max_deliveries_per_tenant=5)
    receiver.react = lambda request: Reply(500)
    post.succeed(receiver.url)
    post.send()
    receiver.react = lambda request: Reply()
    for _ in range(9):
        post.clock.pass_s(0.1)
        post.succeed(receiver.url)
        post.send()
    post.sender.log.trim(TENANT)
    kept = post.deliveries()
    assert len(kept) == 5 and kept[0].status == "pending"
    records = store_client.keys("docchu:delivery:*"), store_client.keys("docchu:event:*")
    assert [len(names) for names in records] == [5, 5]


def test_a_log_of_many_attempts_keeps_the_newest(post: Post, receiver: Receiver) -> None:
    post.succeed(receiver.url)
    post.send()
    (delivery,) = post.deliveries()
    for number in range(100):
        receiver.react = lambda request, n=number: Reply(500 + n % 50)  # type: ignore[misc]
        post.log.redeliver(TENANT, delivery.id)
        post.send()
    (delivery,) = post.deliveries()
    assert delivery.num_attempts == 101 and 50 < len(delivery.attempts) < 101
    assert delivery.attempts[-1].status_code == 549


def test_everything_of_a_delivery_ends_with_its_time(post: Post, receiver: Receiver) -> None:
    job = post.succeed(receiver.url)
    post.send()
    (delivery,) = post.deliveries()
    for name in (keys.delivery(delivery.id), keys.event(job.id)):
        assert 29 * DAY_S < post.client.ttl(name) <= 30 * DAY_S
    post.client.delete(keys.delivery(delivery.id))
    assert post.deliveries() == []
    post.clock.pass_s(31 * DAY_S)
    post.succeed(receiver.url)
    post.send()
    assert sum(map(post.client.zcard, post.client.keys("docchu:list:deliveries:*"))) == 1


def test_the_receivers_answer_is_not_kept(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(500, {"X-Secret": "internal-token"})
    post.succeed(receiver.url)
    post.send()
    (delivery,) = post.deliveries()
    assert "internal-token" not in str(post.client.hgetall(keys.delivery(delivery.id)))
    assert set(delivery.attempts[0].model_dump()) == {"at", "status_code", "duration_s", "error"}
