"""A store that was away, or a disk, is no fault of a worker or a page."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.errors import ServiceError, Unavailable
from shared.jobs import Status
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.slices import Claim
from tests.grounds import Ground
from tests.worker.stories import GreyReader, Service, grey_tiff, make_service


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path, ground: Ground) -> Service:
    return make_service(valkey_settings, tmp_path, ground)


def test_a_slice_is_requeued_when_the_disk_is_away(service: Service, ground: Ground) -> None:
    job_id = service.submit(grey_tiff(2))
    with service.worker(GreyReader()) as worker:
        with ground.away(), pytest.raises(Unavailable):
            worker.take_next()
        assert worker.take_next()
    assert service.job(job_id).status is Status.SUCCEEDED
    told = service.jobs.timeline("acme", job_id)
    assert [attempt.outcome for attempt in told] == ["released", "finished"]


def test_a_disk_that_goes_away_under_a_reading_costs_no_page(
    service: Service, ground: Ground
) -> None:
    job_id = service.submit(grey_tiff(1))
    with ExitStack() as outage:
        reader = GreyReader(lambda page: outage.enter_context(ground.away()))
        with service.worker(reader) as worker, pytest.raises(ServiceError):
            worker.take_next()
        assert service.job(job_id).status is Status.RUNNING
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
