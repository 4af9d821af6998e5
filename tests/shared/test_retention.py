"""Uploads, results and records are erased when their time is over, each once."""

from __future__ import annotations

import pytest
import redis

from shared.errors import JobGone, JobNotFound
from shared.store.jobs.upkeep import Due
from tests.shared.store_stories import DAY_S, Store, read_document


@pytest.fixture
def store(store_client: redis.Redis) -> Store:
    return Store(store_client)


def finished(store: Store) -> Due:
    job = store.submit()
    read_document(store.worker())
    return Due("acme", job.id)


def test_the_upload_goes_first_then_the_result_then_the_record(store: Store) -> None:
    due = finished(store)
    assert store.keeper.due(10) == []

    store.clock.pass_s(DAY_S)
    assert store.keeper.due(10) == [due]
    assert store.keeper.expire([due]) == ["input"]
    assert store.keeper.expire([due], input_erased=True) == ["nothing"]
    assert store.keeper.due(10) == []
    assert store.jobs.get("acme", due.job_id).status.has_result

    store.clock.pass_s(6 * DAY_S)
    assert store.keeper.due(10) == [due]
    assert store.keeper.expire([due]) == ["result"]
    store.keeper.erase([due.job_id])
    with pytest.raises(JobGone):
        store.jobs.get("acme", due.job_id)

    store.clock.pass_s(30 * DAY_S)
    assert store.keeper.expire([due]) == ["forgotten"]
    with pytest.raises(JobNotFound):
        store.jobs.get("acme", due.job_id)
    assert store.client.keys("docchu:job:*") == []
    assert store.client.keys("docchu:tenant:*") == []


def test_a_second_keeper_does_not_erase_ahead_of_time(store: Store) -> None:
    due = finished(store)
    store.clock.pass_s(7 * DAY_S)
    assert store.keeper.expire([due]) == ["result"]
    store.keeper.erase([due.job_id])
    assert store.keeper.expire([due]) == ["nothing"], "the tombstone has its own time"


def test_a_tombstone_keeps_nothing_of_what_was_read(store: Store) -> None:
    due = finished(store)
    store.jobs.erase("acme", due.job_id)
    left = store.client.hgetall(f"docchu:job:{due.job_id}")
    assert left["status"] == "expired"
    assert not {"document", "metadata", "options", "model"} & left.keys()
    assert store.client.exists(f"docchu:job:{due.job_id}:pages") == 0


def test_a_job_that_runs_is_not_retired(store: Store) -> None:
    store.submit()
    store.clock.pass_s(365 * DAY_S)
    assert store.keeper.due(10) == []


def test_a_finished_job_takes_little_memory_and_gives_it_back(store: Store) -> None:
    def used_bytes() -> int:
        store.client.memory_purge()
        return int(store.client.info("memory")["used_memory_dataset"])

    finished(store)  # what all jobs share is there before
    empty = used_bytes()
    jobs = [finished(store) for _ in range(400)]
    assert used_bytes() - empty < 3000 * len(jobs)
    store.clock.pass_s(7 * DAY_S)
    for due in jobs:
        store.keeper.erase([due.job_id])
    store.clock.pass_s(30 * DAY_S)
    assert set(jobs) <= set(store.keeper.erased(1000))
    for due in jobs:
        store.keeper.cleaned([due.job_id])
        assert store.keeper.expire([due]) == ["forgotten"]
    assert used_bytes() - empty < 300 * len(jobs)  # of 2,000 and more
