"""Several senders and many hosts: each attempt is one sender's, and no host holds up the others."""

from __future__ import annotations

import time

from bench.receiver import Receiver
from keeper.webhooks.hosts import Hosts
from tests.keeper.webhooks.stories import TENANT, Post


def test_two_senders_never_make_the_same_attempt(post: Post, receiver: Receiver) -> None:
    post.webhooks.create(TENANT, receiver.url)
    for _ in range(20):
        post.succeed()
    ann, ben = post.sender, post.another_sender()
    ann.fan_out()
    (host,) = ann.queue.hosts(10)
    first, second = ann.queue.take(host, 12), ben.queue.take(host, 12)
    assert len(first) == 12 and len(second) == 8
    assert not {one.id for one in first} & {one.id for one in second}
    assert ben.queue.hosts(10) == [] and ben.queue.take(host, 12) == []


def test_what_a_killed_sender_held_comes_back_with_its_lease(
    post: Post, receiver: Receiver
) -> None:
    post.webhooks.create(TENANT, receiver.url)
    post.succeed()
    killed = post.another_sender()
    killed.fan_out()
    (due,) = killed.queue.take(killed.queue.hosts(1)[0], 9)
    post.clock.pass_s(killed.lease_s)
    assert post.send() == 0
    post.clock.pass_s(0.001)
    assert post.send() == 1
    killed.hosts.enter(due.host, 1)
    killed.deliver(due, time.monotonic() + 60)  # it was not killed but only very slow
    (delivery,) = post.deliveries()
    assert delivery.status == "succeeded" and delivery.num_attempts == 1
    assert len({request.body for request in receiver.received}) == 1


def test_no_attempt_begins_that_might_outlast_its_lease(post: Post, receiver: Receiver) -> None:
    post.succeed(receiver.url)
    post.sender.fan_out()
    (due,) = post.sender.queue.take(post.sender.queue.hosts(1)[0], 9)
    post.sender.hosts.enter(due.host, 1)
    post.sender.deliver(due, time.monotonic() + 0.5)
    assert receiver.received == [] and post.deliveries()[0].num_attempts == 0


def test_a_host_that_hangs_is_soon_asked_alone_and_one_that_answers_gets_more() -> None:
    hosts = Hosts(total=64, most=32)
    assert hosts.room("slow") == hosts.room("quick") == 4
    for _ in range(4):
        hosts.enter("slow", 1)
        hosts.leave("slow", False)
    assert hosts.room("slow") == 1
    for _ in range(40):
        hosts.enter("quick", 1)
        hosts.leave("quick", True)
    assert hosts.room("quick") == 32


def test_slow_hosts_never_take_all_places() -> None:
    hosts = Hosts(total=16, most=16)
    for name in "abcdef":
        for _ in range(20):
            hosts.enter(name, 1)
            hosts.leave(name, True)
    for name in "abc":
        hosts.enter(name, hosts.room(name))
    assert hosts.busy == 14 and hosts.room("d") == 1
