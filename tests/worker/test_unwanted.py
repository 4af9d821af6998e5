"""A worker stops reading within moments once nobody wants what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from shared.jobs import Status
from shared.settings import Settings
from tests.loading.samples import slow_pdf
from tests.worker.stories import TENANT, GreyReader, Service, grey_tiff, make_service
from worker.ocr.recognition.batch_client import UNWATCHED, Watch

_ENDS_S = 60  # at all; the pages here would take years


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path) -> Service:
    return make_service(valkey_settings, tmp_path)


class EndlessReader(GreyReader):
    """Reads step after step of a page that has no end."""

    def read(self, picture, page, *, watch: Watch = UNWATCHED, **_):  # type: ignore[no-untyped-def]
        self.on_page(page)
        while True:
            watch.check()
            watch.progress()
            time.sleep(0.01)


def cancel(service: Service, job_id: str) -> None:
    service.jobs.cancel(TENANT, job_id)


def erase(service: Service, job_id: str) -> None:
    service.jobs.erase(TENANT, job_id)


@pytest.mark.parametrize(
    ("end", "status"), [(cancel, Status.CANCELED), (erase, Status.EXPIRED)], ids=["cancel", "erase"]
)
def test_a_page_that_is_being_read_is_left_in_its_middle(
    service: Service, end: Callable[[Service, str], None], status: Status
) -> None:
    job_id = service.submit(grey_tiff(3))
    begun = threading.Event()
    with service.worker(EndlessReader(lambda page: begun.set())) as worker:
        reading = threading.Thread(target=worker.take_next)
        reading.start()
        assert begun.wait(_ENDS_S)
        end(service, job_id)
        reading.join(_ENDS_S)
        assert not reading.is_alive()
        assert service.client.hget(f"docchu:job:{job_id}", "status") == status


def test_a_page_that_is_being_loaded_is_left_in_its_middle(service: Service) -> None:
    service.settings = service.settings.model_copy(update={"page_wall_s": 600})
    job_id = service.submit(slow_pdf(), "application/pdf")
    with service.worker(GreyReader()) as worker:
        (process_id,) = worker._loader.process_ids()
        reading = threading.Thread(target=worker.take_next)
        reading.start()
        while psutil.Process(process_id).cpu_times().user < 1:
            assert reading.is_alive()
            time.sleep(0.01)
        cancel(service, job_id)
        reading.join(_ENDS_S)
        assert not reading.is_alive()
        assert not psutil.pid_exists(process_id)
    assert service.job(job_id).status is Status.CANCELED
