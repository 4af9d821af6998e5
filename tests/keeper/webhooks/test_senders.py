"""Several senders, many hosts and tenants: each attempt is one sender's, and nobody is held up."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
import redis

from bench.receiver import Receiver
from keeper.errands import Places
from shared.store import keys
from tests.keeper.webhooks.stories import TENANT, Post
from tests.shared.answering import until_stopped

OTHER = "globex"


def test_two_senders_never_make_the_same_attempt(post: Post, receiver: Receiver) -> None:
    post.webhooks.create(TENANT, receiver.url)
    for _ in range(20):
        post.succeed()
    ann, ben = post.sender, post.another_sender()
    ann.fan_out()
    (host,) = ann.queue.hosts(TENANT, 10)
    first, second = post.take(12), post.take(12, ben)
    assert len(first) == 12 and len(second) == 8
    assert not {one.id for one in first} & {one.id for one in second}
    assert ben.queue.flows(10) == [] and ben.queue.take(TENANT, host, 12) == []


def test_what_a_killed_sender_held_comes_back_with_its_lease(
    post: Post, receiver: Receiver
) -> None:
    post.webhooks.create(TENANT, receiver.url)
    post.succeed()
    killed = post.another_sender()
    killed.fan_out()
    (due,) = post.take(9, killed)
    post.clock.pass_s(killed.lease_s)
    assert post.send() == 0
    post.clock.pass_s(0.001)
    assert post.send() == 1
    killed.places.enter(TENANT, due.route.host, 1)
    killed.dispatcher.run_one(due, time.monotonic() + 60)  # it was not killed but very slow
    (delivery,) = post.deliveries()
    assert delivery.status == "succeeded" and delivery.num_attempts == 1
    assert len({request.body for request in receiver.received}) == 1


def test_no_attempt_begins_that_might_outlast_its_lease(post: Post, receiver: Receiver) -> None:
    post.succeed(receiver.url)
    post.sender.fan_out()
    (due,) = post.take(9)
    post.sender.places.enter(TENANT, due.route.host, 1)
    post.sender.dispatcher.run_one(due, time.monotonic() + 0.5)
    assert receiver.received == [] and post.deliveries()[0].num_attempts == 0


def test_a_host_that_hangs_is_soon_asked_alone_and_one_that_answers_gets_more() -> None:
    places = Places(total=128, most=64)
    assert places.room(TENANT, "slow") == places.room(TENANT, "quick") == 4
    for _ in range(4):
        places.enter(TENANT, "slow", 1)
        places.leave(TENANT, "slow", False)
    assert places.room(TENANT, "slow") == 1
    for _ in range(60):
        places.enter(TENANT, "quick", 1)
        places.leave(TENANT, "quick", True)
    assert places.room(TENANT, "quick") == 32
    assert places.room(OTHER, "slow") == 4, "whose deliveries hang there may be no fault of it"


def test_tenants_leave_each_other_places() -> None:
    places = Places(total=96, most=32)
    held = []
    for tenant in ("a", "b", "c"):
        for number in range(200):
            if room := places.room(tenant, f"silent-{number}"):
                places.enter(tenant, f"silent-{number}", room)
        held.append(places.busy - sum(held))
        assert places.room("quick", "host") >= 4
    assert held == [48, 24, 12]
    for number in range(48):
        places.leave("a", f"silent-{number // 4}", False)
    assert places.room("c") > 0 and places.room("a") > 0


def test_tenants_leave_each_other_places_at_one_host() -> None:
    places = Places(total=96, most=8)
    places.enter("a", "shared", places.room("a", "shared"))
    assert places.busy == 4 and places.room("a", "shared") == 0
    assert places.room("b", "shared") == 2


def test_one_place_is_enough() -> None:
    places = Places(total=1, most=1)
    assert places.room("a", "host") == 1
    places.enter("a", "host", 1)
    assert places.room("a", "host") == places.room("b", "host") == 0
    places.leave("a", "host", None)
    assert places.room("b", "host") == 1


@pytest.mark.timeout(120)
def test_one_tenant_s_silent_hosts_hold_up_nobody_else(
    store_client: redis.Redis, tmp_path: Path, receiver: Receiver
) -> None:
    """300 events for 150 hosts that never answer: the other tenant's comes before any has ended."""
    post = Post(store_client, tmp_path, webhook_timeout_s=60)
    with (
        until_stopped(post.sender.run),
        socket.create_server(("", 0), backlog=1000) as silent,  # it accepts, and says nothing
    ):
        port = silent.getsockname()[1]
        for number in range(300):
            post.succeed(f"http://127.0.0.{number // 2 + 2}:{port}/")
        while post.outbox.waiting(1) or post.sender.places.room(TENANT):
            time.sleep(0.01)
        post.webhooks.create(OTHER, receiver.url)
        post.succeed(tenant=OTHER)
        while not receiver.received:
            time.sleep(0.01)
        assert all(one.num_attempts == 0 for one in post.deliveries(limit=300))


def test_what_version_0_1_left_to_be_sent_is_sent(post: Post, receiver: Receiver) -> None:
    post.succeed(receiver.url)
    post.sender.fan_out()
    (delivery,) = post.deliveries()
    host = f"127.0.0.1:{receiver.port}"
    post.client.delete(*keys.errands("deliveries", TENANT, host))
    post.client.zadd("docchu:deliveries:hosts", {host: post.clock.ms})
    post.client.zadd(f"docchu:deliveries:due:{host}", {delivery.id: post.clock.ms})
    assert post.send(post.another_sender()) == 1
    assert post.deliveries()[0].status == "succeeded"
    assert not post.client.keys("docchu:deliveries:*")
