"""What is past its time is erased, in pieces and without end; so are blobs that nobody owns."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from keeper import retention as retention_module
from keeper.keeper import make_keeper
from keeper.retention import Retention
from shared.ids import new_id
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.upkeep import Upkeep
from tests.grounds import Ground
from tests.worker.stories import GreyReader, Service, grey_tiff, make_service

DAY_S = 24 * 3600


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path, ground: Ground) -> Service:
    return make_service(valkey_settings, tmp_path, ground)


@pytest.fixture
def retention(service: Service, monkeypatch: pytest.MonkeyPatch) -> Retention:
    """A keeper's, that does three jobs in a piece."""
    monkeypatch.setattr(retention_module, "_PIECE", 3)
    return make_keeper(service.settings).retention


def in_the_future(service: Service, seconds: float) -> Upkeep:
    return Upkeep(service.client, 3, lambda: round((time.time() + seconds) * 1000))


def make_old(service: Service, retention: Retention, *job_ids: str) -> None:
    """Let the blobs be of yesterday; an object store's are what they are, so all count as old."""
    if service.settings.blobs:
        retention.orphan_age_s = -60
    long_ago = time.time() - DAY_S
    for job_id in job_ids:
        for folder in service.settings.data_dir.glob(f"blobs/jobs/*/*/{job_id}"):
            os.utime(folder, (long_ago, long_ago))


def test_uploads_and_results_are_erased_when_their_time_is_over(
    service: Service, retention: Retention
) -> None:
    job_id = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    assert service.blob_names(job_id) == {"input", "page-1.0.1.json", "page-1.0.1.jpg"}
    retention.upkeep = in_the_future(service, DAY_S + 1)
    retention.expire()
    assert service.blob_names(job_id) == set()


def test_of_a_job_that_is_forgotten_nothing_waits_to_be_erased(
    service: Service, retention: Retention
) -> None:
    """As after years without a keeper: it was set aside as damaged again and again."""
    job_id = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker:
        worker.take_next()
    for years in (1, 2):
        retention.upkeep = in_the_future(service, years * 365 * DAY_S)
        retention.expire()
    assert service.blob_names(job_id) == set()
    retention.erase_left()
    assert retention.upkeep.erased(10) == []
    assert not service.client.exists(keys.ASIDE)


def test_what_an_erasure_that_was_cut_off_has_left_goes_a_minute_later(
    service: Service, retention: Retention
) -> None:
    job_id = service.submit(grey_tiff(1))
    service.jobs.erase("acme", job_id)  # and here the API was killed
    retention.erase_left()
    assert service.blob_names(job_id) == {"input"}
    retention.upkeep = in_the_future(service, 61)
    retention.erase_left()
    assert service.blob_names(job_id) == set()
    assert retention.upkeep.erased(10) == []


def test_blobs_of_a_job_that_never_came_to_be_are_swept(
    service: Service, retention: Retention
) -> None:
    kept = service.submit(grey_tiff(1))
    orphan = "job_" + "x" * 24
    service.blobs.put("acme", orphan, "input", b"half an upload")
    make_old(service, retention, kept, orphan)
    retention.sweep()
    assert service.blob_names(orphan) == set()
    assert service.blob_names(kept) == {"input"}


def test_there_is_no_pause_as_long_as_more_is_due(service: Service, retention: Retention) -> None:
    """Else the pauses alone decide how many jobs can be erased in a day."""
    jobs = [service.submit(grey_tiff(1)) for _ in range(7)]
    for job_id in jobs:
        service.jobs.cancel("acme", job_id)
    retention.upkeep = in_the_future(service, 2 * DAY_S)
    assert [retention.expire() for _ in range(3)] == [True, True, False]
    assert not any(service.blob_names(job_id) for job_id in jobs)
    retention.upkeep = in_the_future(service, 3 * DAY_S)
    assert [retention.erase_left() for _ in range(3)] == [True, True, False]
    assert retention.upkeep.erased(10) == []


def test_a_sweep_comes_to_its_end_before_the_next_begins(
    service: Service, retention: Retention
) -> None:
    """By rounds it began anew each hour: what lay behind 720,000 folders was never looked at."""
    now = [0.0]
    retention.clock = lambda: now[0]
    orphans = [new_id("job") for _ in range(8)]
    for orphan in orphans:
        service.blobs.put("acme", orphan, "input", b"half an upload")
    make_old(service, retention, *orphans)
    pieces = 0
    while retention.sweep():
        pieces += 1
        now[0] += 2 * retention.sweep_interval_s
    assert pieces == 2 and not any(service.blob_names(one) for one in orphans)
    service.blobs.put("acme", orphans[0], "input", b"half an upload")
    make_old(service, retention, orphans[0])
    retention.sweep()
    retention.sweep()
    assert service.blob_names(orphans[0]) == set(), "a new sweep was due"
    service.blobs.put("acme", orphans[1], "input", b"half an upload")
    make_old(service, retention, orphans[1])
    assert not retention.sweep() and service.blob_names(orphans[1]), "and then a pause"


def test_a_sweep_that_broke_off_begins_anew(
    service: Service, retention: Retention, ground: Ground
) -> None:
    orphan = new_id("job")
    service.blobs.put("acme", orphan, "input", b"half an upload")
    make_old(service, retention, orphan)
    with ground.away():
        retention.round()
    retention.round()
    assert service.blob_names(orphan) == set()


def test_the_bytes_of_all_blobs_are_told_after_each_look(
    service: Service, retention: Retention
) -> None:
    document = grey_tiff(1)
    for _ in range(7):  # more than a piece
        service.submit(document)
    retention.sweep_interval_s = 0
    for _ in range(2):
        while retention.sweep():
            pass
        assert REGISTRY.get_sample_value("docchu_blob_bytes") == 7 * len(document)
