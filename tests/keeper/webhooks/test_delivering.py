"""Delivering: the schedule, what counts as success, and who is switched off."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest
import redis
from hypothesis import example, given, settings

from bench.receiver import Receiver, Reply
from tests.keeper.webhooks.stories import DAY_S, TENANT, Post, event_of
from tests.shared.answering import odd_answers, sending, serving

SCHEDULE = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)


def rounds(post: Post, seconds: float, step_s: float = 5) -> list[float]:
    """Let time pass; answers the seconds at which an attempt was made."""
    made = []
    passed = 0.0
    while passed <= seconds:
        if post.send():
            made.append(passed)
        post.clock.pass_s(step_s)
        passed += step_s
    return made


def test_a_webhook_is_signed_and_done_with_the_first_2xx(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(204)
    webhook = post.webhooks.create(TENANT, receiver.url)
    post.succeed()
    assert post.send() == 1 and post.send() == 0
    (request,) = receiver.received
    (delivery,) = post.deliveries()
    event_of(request, webhook.secret, post.clock.ms / 1000)
    assert request.headers["webhook-id"] == delivery.event_id
    assert request.headers["content-type"] == "application/json"
    assert delivery.status == "succeeded" and delivery.webhook_id == webhook.id
    (attempt,) = delivery.attempts
    assert attempt.status_code == 204 and attempt.error is None and attempt.duration_s >= 0


def test_attempts_follow_the_schedule_and_end_with_it(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(500)
    post.webhooks.create(TENANT, receiver.url)
    post.succeed()
    due, made, now = 0.0, [], 0.0
    for delay in SCHEDULE:
        due += delay
        if due > now:
            post.clock.pass_s(due - now - 0.001)
            assert post.send() == 0, "too early"
            post.clock.pass_s(0.001)
            now = due
        assert post.send() == 1
        made.append(now)
    (delivery,) = post.deliveries()
    assert delivery.status == "failed" and delivery.num_attempts == len(SCHEDULE)
    assert delivery.next_attempt_at is None
    ids = {request.headers["webhook-id"] for request in receiver.received}
    assert len(ids) == 1 and len({request.body for request in receiver.received}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in receiver.received]
    assert [stamp - stamps[0] for stamp in stamps] == [round(at) for at in made]
    post.clock.pass_s(10 * DAY_S)
    assert post.send() == 0


def test_jitter_spreads_the_attempts(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(500)
    post.with_chance(lambda: 1.0, 0.2)
    post.succeed(receiver.url)
    post.send()
    post.clock.pass_s(5.9)
    assert post.send() == 0
    post.clock.pass_s(0.1)
    assert post.send() == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(199), None),
        (Reply(301, {"Location": "http://169.254.169.254/"}), "redirect"),
        (Reply(307, {"Location": "/elsewhere"}), "redirect"),
        (Reply(400), "http_status"),
        (Reply(503), "http_status"),
        (Reply(fault="reset"), "connection_failed"),
        (Reply(fault="garbage"), None),
        (Reply(fault="hang"), "timeout"),
        (Reply(fault="drip"), "timeout"),
    ],
)
def test_whatever_is_no_2xx_is_a_failure(
    store_client: redis.Redis, tmp_path: Path, receiver: Receiver, reply: Reply, error: str | None
) -> None:
    post = Post(store_client, tmp_path, webhook_timeout_s=0.5)
    receiver.react = lambda request: reply
    post.succeed(receiver.url)
    post.send()
    (delivery,) = post.deliveries()
    assert delivery.status == "pending" and len(receiver.received) == 1
    assert delivery.attempts[0].error == error or error is None
    assert delivery.attempts[0].error


def test_whatever_a_receiver_answers_is_an_attempt_that_is_noted(post: Post) -> None:
    """Or the event would go out again and again, with each lease that runs out, for ever."""
    busy = "HTTP/1.1 503 Busy\r\nRetry-After: {}\r\nContent-Length: 0\r\n\r\n"
    with serving(b"") as server:

        @settings(deadline=None, max_examples=100)
        @given(answer=odd_answers)
        @example(answer=busy.format("Fri, 31 Dec 10000 23:59:59 GMT").encode())
        @example(answer=busy.format(f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT").encode())
        @example(answer=busy.format(f"Fri, 31 Dec 2030 23:59:59 +{'9' * 20}").encode())
        def any_answer(answer: bytes) -> None:
            server.answer = sending(answer)
            post.client.flushall()
            post.succeed(f"http://127.0.0.1:{server.port}/")
            assert post.send() == 1
            (delivery,) = post.deliveries()
            assert delivery.num_attempts == 1
            assert delivery.attempts[0].error != "internal"
            if delivery.status == "pending":
                assert delivery.next_attempt_at is not None
                wait_s = delivery.next_attempt_at.timestamp() - post.clock.ms / 1000
                assert SCHEDULE[1] <= wait_s <= DAY_S

        any_answer()


def test_a_head_cut_off_at_the_deadline_is_no_success(
    store_client: redis.Redis, tmp_path: Path, receiver: Receiver
) -> None:
    post = Post(store_client, tmp_path, webhook_timeout_s=0.8)  # `HTTP/1.1 200` takes 0.6 to drip
    receiver.react = lambda request: Reply(fault="drip")
    post.succeed(receiver.url)
    post.send()
    assert post.deliveries()[0].attempts[0].error == "timeout"


def test_nobody_listening_is_a_failure(post: Post) -> None:
    post.succeed("http://127.0.0.1:9/")
    post.send()
    assert post.deliveries()[0].attempts[0].error == "connection_failed"


def test_410_switches_the_webhook_off(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(410)
    webhook = post.webhooks.create(TENANT, receiver.url)
    post.succeed()
    post.send()
    known = post.webhooks.get(TENANT, webhook.id)
    assert not known.enabled and known.disabled_reason == "gone" and known.last_error
    assert post.deliveries()[0].status == "failed"
    post.succeed()
    assert post.outbox.waiting(10) == [], "who is off is not told"
    post.webhooks.change(TENANT, webhook.id, {"enabled": True})
    receiver.react = lambda request: Reply()
    post.clock.pass_s(1)
    post.succeed()
    post.send()
    assert post.deliveries()[-1].status == "succeeded"
    assert post.webhooks.get(TENANT, webhook.id).failing_since is None


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(post: Post, receiver: Receiver, status: int) -> None:
    receiver.react = lambda request: Reply(status, {"Retry-After": "120"})
    post.succeed(receiver.url)
    assert rounds(post, 200) == [0, 120]


def test_retry_after_may_be_a_date_or_nonsense(post: Post, receiver: Receiver) -> None:
    saying = iter([formatdate(time.time() + 600, usegmt=True), "soon", "-3", "9" * 400])
    receiver.react = lambda request: Reply(503, {"Retry-After": next(saying)})
    post.succeed(receiver.url)
    post.send()
    (delivery,) = post.deliveries()
    assert delivery.next_attempt_at is not None
    waits = delivery.next_attempt_at.timestamp() - post.clock.ms / 1000
    assert 590 < waits <= 600
    post.clock.pass_s(600)
    assert rounds(post, 300 + 1800 + 7200 + 5) == [0, 300, 2100]


def test_a_webhook_that_fails_for_five_days_is_switched_off(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(500)
    webhook = post.webhooks.create(TENANT, receiver.url)
    for _ in range(5):
        post.succeed()
        post.send()
        assert post.webhooks.get(TENANT, webhook.id).enabled
        post.clock.pass_s(DAY_S)
    post.succeed()
    post.send()
    known = post.webhooks.get(TENANT, webhook.id)
    assert not known.enabled and known.disabled_reason == "failing"
    assert known.failing_since and known.last_error == "http_status"
    post.clock.pass_s(DAY_S)
    post.send()
    assert {one.status for one in post.deliveries()} == {"failed"}
    assert "webhook_disabled" in {one.attempts[-1].error for one in post.deliveries()}


def test_one_success_begins_the_five_days_anew(post: Post, receiver: Receiver) -> None:
    webhook = post.webhooks.create(TENANT, receiver.url)
    for status in (500, 500, 500, 500, 200, 500, 500, 500):
        receiver.react = lambda request, status=status: Reply(status)  # type: ignore[misc]
        post.succeed()
        post.send()
        post.clock.pass_s(DAY_S)
    assert post.webhooks.get(TENANT, webhook.id).enabled


def test_what_is_pending_goes_to_the_new_address(post: Post, receiver: Receiver) -> None:
    webhook = post.webhooks.create(TENANT, "http://127.0.0.1:9/")
    post.succeed()
    post.send()
    post.webhooks.change(TENANT, webhook.id, {"url": receiver.url})
    post.clock.pass_s(5)
    post.send()
    (delivery,) = post.deliveries()
    assert delivery.status == "succeeded" and delivery.url == receiver.url


def test_a_deleted_webhook_gets_nothing_more(post: Post, receiver: Receiver) -> None:
    receiver.react = lambda request: Reply(500)
    webhook = post.webhooks.create(TENANT, receiver.url)
    post.succeed()
    post.send()
    post.webhooks.delete(TENANT, webhook.id)
    post.clock.pass_s(5)
    post.send()
    (delivery,) = post.deliveries()
    assert len(receiver.received) == 1
    assert delivery.status == "failed" and delivery.attempts[-1].error == "webhook_deleted"
