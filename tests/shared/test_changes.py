"""Whoever waits for a job hears of its changes: over one connection, and across its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis

from shared.store.changes import Changes
from shared.store.scripts import connect
from tests.shared.store_stories import Store, open_document, read, read_document, take


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


@pytest.fixture
def changes(valkey_url: str) -> Iterator[Changes]:
    client = connect(valkey_url, max_connections=4)
    yield Changes(client)
    client.close()


def until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.01)


def listeners(store: Store) -> list[str]:
    return [one["addr"] + one["id"] for one in store.client.client_list(_type="pubsub")]


def test_it_rings_once_at_first_and_then_at_each_change(store: Store, changes: Changes) -> None:
    job = store.submit()
    with changes.watch(job.id) as watch:
        assert watch.wait(60)
        worker = store.worker()
        claim = take(worker)
        assert watch.wait(60)
        claim = open_document(worker, claim, 2)
        read(worker, claim, 1)
        assert watch.wait(60)
        store.jobs.erase("acme", job.id)
        assert watch.wait(60)


def test_who_waits_for_the_end_does_not_hear_of_pages(store: Store, changes: Changes) -> None:
    job = store.submit()
    with changes.watch(job.id, ends_only=True) as ends, changes.watch(job.id) as every:
        assert ends.wait(60) and every.wait(60)
        worker = store.worker()
        claim = open_document(worker, take(worker), 2)
        read(worker, claim, 1)
        while store.jobs.get("acme", job.id).progress.pages_done and every.wait(1):
            pass  # all that was said has been heard
        assert not ends.wait(0)
        read(worker, claim, 2)
        assert ends.wait(60)


def test_who_comes_later_is_rung_at_once_too(store: Store, changes: Changes) -> None:
    job = store.submit()
    with changes.watch(job.id) as first:
        assert first.wait(60)
        with changes.watch(job.id) as second:
            assert second.wait(60)
        read_document(store.worker())
        assert first.wait(60)


def test_many_wait_over_one_connection(store: Store, changes: Changes) -> None:
    jobs = [store.submit() for _ in range(100)]
    with ExitStack() as stack:
        watches = [stack.enter_context(changes.watch(job.id)) for job in jobs]
        assert all(watch.wait(60) for watch in watches)
        assert len(listeners(store)) == 1
        worker = store.worker()
        for _ in jobs:
            read_document(worker)
        assert all(watch.wait(60) for watch in watches)
    until(lambda: not store.client.pubsub_channels("docchu:events:*"))


def test_after_a_broken_connection_everybody_looks_and_hears_again(
    store: Store, changes: Changes
) -> None:
    job = store.submit()
    with changes.watch(job.id) as watch:
        assert watch.wait(60)
        (broken,) = listeners(store)
        store.client.client_kill_filter(_type="pubsub")
        assert watch.wait(60)  # something may have been missed
        until(lambda: listeners(store) not in ([], [broken]))
        until(lambda: store.client.pubsub_numsub(f"docchu:events:{job.id}")[0][1] == 1)
        read_document(store.worker())
        until(lambda: watch.wait(60) and store.jobs.get("acme", job.id).status.terminal)
