"""The keeper brings back what was lost, wakes workers once more, and erases what is due."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from keeper.keeper import Keeper, make_keeper
from shared.jobs import Status
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.upkeep import Upkeep
from shared.store.needs import PLAIN
from shared.store.workers import CANARY_TENANT, Canary
from tests.worker.stories import GreyReader, Service, grey_tiff, make_service

QUEUE = keys.wakeups(PLAIN)
DAY_S = 24 * 3600


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path) -> Service:
    return make_service(valkey_settings, tmp_path)


@pytest.fixture
def keeper(service: Service) -> Keeper:
    return make_keeper(service.settings)


def in_the_future(service: Service, seconds: float) -> Upkeep:
    return Upkeep(service.client, 3, lambda: round((time.time() + seconds) * 1000))


def test_a_slice_whose_message_was_lost_gets_another_one(service: Service, keeper: Keeper) -> None:
    for _ in range(3):
        service.submit(grey_tiff(1))
    assert service.client.delete(QUEUE)
    keeper.wake()
    keeper.wake()
    assert service.client.llen(QUEUE) == 3


def test_a_lost_slice_comes_back_and_is_finished(service: Service, keeper: Keeper) -> None:
    job_id = service.submit(grey_tiff(2))
    with service.worker(GreyReader()) as dying:
        assert dying._slices.claim()
    keeper.upkeep = in_the_future(service, 60)
    keeper.recover()
    with service.worker(GreyReader(), apart=True) as worker:
        assert worker.take_next()
    assert service.job(job_id).status is Status.SUCCEEDED


def test_the_canary_goes_through_the_real_queue(service: Service, keeper: Keeper) -> None:
    canary = Canary(service.client, 30)
    assert canary.trouble() and "keeper" in str(canary.trouble())
    keeper.canary.process_due()
    assert "waiting in the queue" in str(canary.trouble())
    with service.worker(GreyReader()) as worker:
        assert worker.take_next()
    keeper.canary.process_due()
    assert canary.trouble() is None and canary.is_kept_up()
    assert service.client.keys(f"*{CANARY_TENANT}:idem*") == []
    assert not list(service.settings.data_dir.glob("blobs/jobs/*/*/*"))


def test_a_canary_that_fails_says_why(service: Service, keeper: Keeper) -> None:
    def choke(page: int) -> None:
        raise RuntimeError("no device")

    keeper.canary.process_due()
    with service.worker(GreyReader(choke)) as worker:
        worker.take_next()
    keeper.canary.process_due()
    assert "reading it failed" in str(Canary(service.client, 30).trouble())
