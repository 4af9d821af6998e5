"""What ended a worker before is read in a process apart, and stands in nobody's way."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image

from shared.jobs import Status
from shared.settings import Settings
from shared.store import keys
from shared.store.jobs.upkeep import Upkeep
from shared.store.needs import PLAIN, suspect
from tests.loading.samples import encode
from tests.worker.grey_suspects import WHITE
from tests.worker.stories import GreyReader, Service, grey_tiff, make_service
from worker.runtime import Runtime

_PATIENCE_S = 120
(SUSPECT,) = suspect([PLAIN])


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    service = make_service(valkey_settings, tmp_path)
    monkeypatch.setenv("DOCCHU_REDIS_URL", service.settings.redis_url)
    monkeypatch.setenv("DOCCHU_DATA_DIR", str(service.settings.data_dir))
    monkeypatch.setenv("DOCCHU_LEASE_S", str(service.settings.lease_s))
    return service


def suspected(service: Service, data: bytes, media_type: str = "image/tiff") -> str:
    """A job whose only slice ended a worker."""
    job_id = service.submit(data, media_type)
    with service.worker(GreyReader()) as dying:
        assert dying._slices.claim()
    future = Upkeep(service.client, 3, lambda: round(time.time() * 1000) + 60_000)
    assert future.recover(job_id, "0") == "ready"
    return job_id


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def process_of(worker: Runtime) -> int | None:
    assert worker._suspects
    return worker._suspects.process_id


def test_a_process_apart_reads_what_is_suspect_and_ends(service: Service) -> None:
    jobs = [suspected(service, grey_tiff(2)) for _ in range(2)]
    with service.worker(GreyReader()) as worker:
        assert not worker.take_next(), "there is nothing for the worker itself"
        assert not worker.take_next(SUSPECT)
        wait_until(lambda: all(service.job(one).status is Status.SUCCEEDED for one in jobs))
        wait_until(lambda: process_of(worker) is None)
    assert service.texts(jobs[0]) == {1: "grey 1", 2: "grey 2"}


def test_while_a_suspect_page_hangs_the_others_are_read(service: Service) -> None:
    hanging = suspected(service, encode(Image.new("L", (40, 20), WHITE), "PNG"), "image/png")
    with service.worker(GreyReader()) as worker:
        worker.take_next(SUSPECT)
        wait_until(lambda: service.client.zcard(keys.LEASES))
        process_id = process_of(worker)
        for _ in range(3):
            job_id = service.submit(grey_tiff(1))
            assert worker.take_next()
            assert service.job(job_id).status is Status.SUCCEEDED
        worker.take_next(SUSPECT)
        assert process_of(worker) == process_id, "one is enough"
    assert process_id and not psutil.pid_exists(process_id)
    assert service.job(hanging).status is Status.RUNNING
    assert service.client.zcard(keys.LEASES) == 0, "it was handed back"
    assert service.client.zcard(keys.ready("interactive", SUSPECT)) == 1


def test_the_process_ends_with_its_worker_however_that_ends(service: Service) -> None:
    suspected(service, encode(Image.new("L", (40, 20), WHITE), "PNG"), "image/png")
    with service.worker(GreyReader()) as worker:
        worker.take_next(SUSPECT)
        wait_until(lambda: service.client.zcard(keys.LEASES))
        assert worker._suspects and worker._suspects._process
        process = psutil.Process(worker._suspects._process.pid)
        assert worker._suspects._process.stdin
        worker._suspects._process.stdin.close()  # as the system does when the worker is killed
        wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
        assert service.client.zcard(keys.LEASES) == 0
