"""The same bytes with the same options are not read twice, where the caller wants it so."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.blobs import PASSWORD
from shared.jobs import Status
from shared.settings import Settings
from shared.store import keys
from tests.grounds import Ground
from tests.loading.samples import locked_pdf
from tests.worker.stories import TENANT, GreyReader, Service, grey_tiff, make_service
from worker.runtime import Runtime

FIVE = grey_tiff(5)
TEXTS = {number: f"grey {number}" for number in range(1, 6)}


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path, ground: Ground) -> Service:
    return make_service(valkey_settings, tmp_path, ground)


def read(service: Service, worker: Runtime, data: bytes = FIVE, **options: str) -> str:
    job_id = service.submit(data, **options)
    while worker.take_next():
        pass
    return job_id


def test_what_was_read_is_taken_and_told(service: Service) -> None:
    reader = GreyReader()
    with service.worker(reader) as worker:
        first = read(service, worker)
        again = read(service, worker, reuse="auto")
        assert sorted(reader.seen) == [1, 2, 3, 4, 5], "each page once"
        assert service.texts(again) == TEXTS
        prints = [service.client.get(keys.prints(one)) for one in (first, again)]
        assert sorted(prints[0].split()) == sorted(prints[1].split()) != []
        job = service.job(again)
        assert job.status is Status.SUCCEEDED and job.reused_from == first
        assert job.model == service.job(first).model and job.timings.recognize_s == 0
        assert service.job(first).reused_from is None
        # Each erases its own.
        service.blobs.delete_job(TENANT, first)
        assert service.texts(again) == TEXTS
        assert service.texts(read(service, worker, reuse="auto")) == TEXTS
        assert len(reader.seen) == 5


def test_nobody_is_given_it_who_did_not_ask(service: Service) -> None:
    reader = GreyReader()
    with service.worker(reader) as worker:
        read(service, worker, reuse="auto")
        for options in ({}, {"reuse": "never"}):
            job_id = read(service, worker, **options)
            assert service.job(job_id).reused_from is None
    assert len(reader.seen) == 15


def test_the_setting_speaks_for_jobs_that_do_not(valkey_settings: Settings, tmp_path: Path) -> None:
    service = make_service(valkey_settings, tmp_path)
    service.settings = service.settings.model_copy(update={"reuse": "auto"})
    reader = GreyReader()
    with service.worker(reader) as worker:
        first = read(service, worker)
        assert service.job(read(service, worker)).reused_from == first
        assert service.job(read(service, worker, reuse="never")).reused_from is None
    assert len(reader.seen) == 10


@pytest.mark.parametrize("options", [{"text_layer": "ignore"}, {"language_model": "off"}])
def test_other_options_are_another_reading(
    valkey_settings: Settings, tmp_path: Path, options: dict[str, str]
) -> None:
    service = make_service(valkey_settings, tmp_path)
    reader = GreyReader()
    with service.worker(reader) as worker:
        read(service, worker)
        assert service.job(read(service, worker, reuse="auto", **options)).reused_from is None
        assert service.job(read(service, worker, grey_tiff(4), reuse="auto")).reused_from is None
    assert len(reader.seen) == 14


def test_pages_that_were_not_read_then_are_read_now(service: Service) -> None:
    def choke(page: int) -> None:
        if page == 2:
            raise RuntimeError("shape mismatch")

    reader = GreyReader(choke)
    with service.worker(reader) as worker:
        first = read(service, worker, pages="1-3")
        reader.seen.clear()
        reader.on_page = lambda page: None
        again = read(service, worker, reuse="auto")
    assert sorted(reader.seen) == [2, 4, 5]
    assert service.texts(again) == TEXTS
    job = service.job(again)
    assert job.status is Status.SUCCEEDED and job.reused_from == first


def test_what_has_gone_since_is_read_again(service: Service) -> None:
    reader = GreyReader()
    with service.worker(reader) as worker:
        first = read(service, worker)
        service.blobs.delete_job(TENANT, first)
        job_id = read(service, worker, reuse="auto")
        assert service.texts(job_id) == TEXTS and service.job(job_id).reused_from is None
        service.jobs.erase(TENANT, job_id)
        job_id = read(service, worker, reuse="auto")
        assert service.texts(job_id) == TEXTS and service.job(job_id).reused_from is None
    assert len(reader.seen) == 15


def test_a_document_with_a_password_is_not_opened_by_its_bytes_alone(
    valkey_settings: Settings, tmp_path: Path
) -> None:
    pdf = locked_pdf(b"secret")
    service = make_service(valkey_settings, tmp_path)
    with service.worker(GreyReader()) as worker:
        job_id = service.submit(pdf, "application/pdf", reuse="auto")
        service.blobs.put(TENANT, job_id, PASSWORD, b"secret")
        assert worker.take_next()
        assert service.job(job_id).status is Status.SUCCEEDED
        assert not list(service.client.scan_iter(keys.earlier(TENANT, "*")))
        job_id = service.submit(pdf, "application/pdf", reuse="auto")
        assert worker.take_next()
        assert service.job(job_id).status is Status.FAILED
