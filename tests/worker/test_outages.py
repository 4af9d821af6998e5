"""A store that was away, or a disk, is no fault of a worker or a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import ServiceError, Unavailable
from shared.jobs import Status
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.slices import Claim
from tests.worker.stories import GreyReader, Service, grey_tiff, make_service


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path) -> Service:
    return make_service(valkey_settings, tmp_path)


def test_a_slice_is_requeued_when_the_disk_is_away(service: Service) -> None:
    job_id = service.submit(grey_tiff(2))
    blobs = service.settings.data_dir / "blobs"
    with service.worker(GreyReader()) as worker:
        blobs.rename(blobs.with_name("away"))
        blobs.write_bytes(b"")
        with pytest.raises(Unavailable):
            worker.take_next()
        blobs.unlink()
        blobs.with_name("away").rename(blobs)
        assert worker.take_next()
    assert service.job(job_id).status is Status.SUCCEEDED
    told = service.jobs.timeline("acme", job_id)
    assert [attempt.outcome for attempt in told] == ["released", "finished"]


def test_a_disk_that_goes_away_under_a_reading_costs_no_page(service: Service) -> None:
    job_id = service.submit(grey_tiff(1))
    blobs = service.settings.data_dir / "blobs"

    def unplug(page: int) -> None:
        blobs.rename(blobs.with_name("away"))
        blobs.write_bytes(b"")

    with service.worker(GreyReader(unplug)) as worker, pytest.raises(ServiceError):
        worker.take_next()
    assert service.job(job_id).status is Status.RUNNING
    blobs.unlink()
    blobs.with_name("away").rename(blobs)
    with service.worker(GreyReader()) as worker:
        assert worker.take_next()
    assert service.job(job_id).status is Status.SUCCEEDED


def test_a_slice_that_the_store_did_not_take_back_is_requeued_later(service: Service) -> None:
    job_id = service.submit(grey_tiff(1))
    with service.worker(GreyReader()) as worker:
        claim = worker._slices.claim()
        assert isinstance(claim, Claim)
        release, answers = worker._slices.release, [Unavailable(), None]

        def fails_once(claim: object) -> bool:
            answer = answers.pop(0)
            if answer:
                raise answer
            return release(claim)  # type: ignore[arg-type]

        worker._slices.release = fails_once  # type: ignore[method-assign]
        with pytest.raises(Unavailable), worker._leases.holding(claim):
            raise Unavailable
        worker._leases._requeue_owed()
    assert service.client.zcard(keys.LEASES) == 0
    assert [a.outcome for a in service.jobs.timeline("acme", job_id)] == ["released"]
