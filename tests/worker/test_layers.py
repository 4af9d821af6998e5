"""A PDF page with text of its own is taken from it, and the reader reads the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.jobs import Status
from shared.media import PDF
from shared.result import Page, page_text
from shared.settings import Settings
from tests.formats.documents import DECREE, PICTURE_DRAWN, Letters, document, scan, written
from tests.worker.stories import TENANT, GreyReader, Service, make_service

LETTERS = Letters("".join(DECREE))
MIXED = document(
    [
        written(DECREE, LETTERS),
        PICTURE_DRAWN,
        PICTURE_DRAWN + written(DECREE, LETTERS, mode=3),
        written(DECREE, LETTERS),
    ],
    LETTERS,
    picture=scan(),
)


@pytest.fixture
def service(valkey_settings: Settings, tmp_path: Path) -> Service:
    return make_service(valkey_settings, tmp_path)


def read(service: Service, content: bytes, **options: str) -> tuple[str, GreyReader]:
    job_id = service.submit(content, PDF, **options)
    reader = GreyReader()
    with service.worker(reader) as worker:
        while worker.take_next():
            pass
    return job_id, reader


def pages(service: Service, job_id: str) -> list[Page]:
    records = service.jobs.pages(TENANT, job_id).values()
    blobs = [service.blobs.get(TENANT, job_id, str(record.blob)) for record in records]
    return [Page.model_validate_json(blob) for blob in blobs]


def test_each_page_says_where_its_text_is_from(service: Service) -> None:
    job_id, reader = read(service, MIXED)
    assert service.job(job_id).status is Status.SUCCEEDED
    found = pages(service, job_id)
    assert [page.source for page in found] == ["text_layer", "ocr", "ocr", "text_layer"]
    assert sorted(reader.seen) == [2, 3], "the others cost the reader nothing"
    assert page_text(found[0]) == "\n".join(DECREE)
    assert [page.page for page in found] == [1, 2, 3, 4]


def test_who_does_not_want_the_layer_gets_what_is_read(service: Service) -> None:
    job_id, reader = read(service, MIXED, text_layer="ignore")
    assert {page.source for page in pages(service, job_id)} == {"ocr"}
    assert sorted(reader.seen) == [1, 2, 3, 4]


def test_a_wholly_digital_document_names_no_model(service: Service) -> None:
    content = document([written(DECREE, LETTERS)] * 5, LETTERS)
    job_id, reader = read(service, content)
    job = service.job(job_id)
    assert job.status is Status.SUCCEEDED and job.model is None and reader.seen == []
    assert job.timings.load_s and not job.timings.recognize_s


def test_a_layer_that_cannot_be_read_leaves_the_page_to_the_reader(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page whose text crashes PDFium may still be drawn by it."""
    from shared.errors import PageCrashed
    from worker.loading.pool import Asker, PageLoader

    def crash(self: PageLoader, path: Path, page: int, asker: Asker) -> None:
        raise PageCrashed

    monkeypatch.setattr(PageLoader, "layer", crash)
    job_id, reader = read(service, MIXED, pages="1")
    assert service.job(job_id).status is Status.SUCCEEDED and reader.seen == [1]
