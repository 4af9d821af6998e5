"""What a PDF page says of itself goes to the reader as a hint, as far as the caller wants it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.blobs import PASSWORD
from shared.errors.documents import DocumentDamaged, DocumentError, PageCrashed, PageTimeout
from shared.jobs import Status
from shared.media import PDF
from shared.result import Page
from shared.settings import Settings
from tests.formats.documents import DECREE, PICTURE_DRAWN, Letters, document, scan, written
from tests.loading.samples import locked_pdf
from tests.worker.stories import TENANT, GreyReader, Service, make_service
from worker.loading.pool import Asker, PageLoader

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


def test_the_reader_is_told_what_each_page_says_of_itself(service: Service) -> None:
    job_id, reader = read(service, MIXED)
    assert service.job(job_id).status is Status.SUCCEEDED
    words = {
        page: hint and [word.text for word in hint.words] for page, hint in reader.hints.items()
    }
    said = " ".join(DECREE).split()
    assert words == {1: said, 2: [], 3: [], 4: said}
    assert [page.page for page in pages(service, job_id)] == [1, 2, 3, 4]


@pytest.mark.parametrize("priority", ["interactive", "bulk"])
def test_some_of_each_font_is_looked_at_and_all_of_none_in_a_hurry(
    service: Service, priority: str
) -> None:
    _, reader = read(service, MIXED, priority=priority, pages="1")
    hint = reader.hints[1]
    assert hint and hint.num_samples == (2 if priority == "bulk" else 4)


def test_who_does_not_want_the_layer_has_it_ignored(service: Service) -> None:
    _, reader = read(service, MIXED, text_layer="ignore")
    assert set(reader.hints.values()) == {None}


def test_who_trusts_the_layer_has_nobody_look(service: Service) -> None:
    _, reader = read(service, MIXED, text_layer="trust", pages="1")
    hint = reader.hints[1]
    assert hint and hint.num_samples == 0 and hint.words


@pytest.mark.parametrize("error", [PageCrashed, PageTimeout, DocumentDamaged])
def test_a_layer_that_cannot_be_read_leaves_the_page_to_the_reader(
    service: Service, monkeypatch: pytest.MonkeyPatch, error: type[DocumentError]
) -> None:
    """A page whose text crashes PDFium may still be drawn by it."""

    def fail(self: PageLoader, path: Path, page: int, asker: Asker) -> None:
        raise error

    monkeypatch.setattr(PageLoader, "layer", fail)
    job_id, reader = read(service, MIXED, pages="1")
    assert service.job(job_id).status is Status.SUCCEEDED and reader.hints == {1: None}


def test_a_locked_document_is_read_with_the_password_that_lies_beside_it(service: Service) -> None:
    locked = locked_pdf(b"secret")
    reader = GreyReader()
    job_id = service.submit(locked, PDF)
    service.blobs.put(TENANT, job_id, PASSWORD, b"secret")
    other = service.submit(locked, PDF)
    with service.worker(reader) as worker:
        while worker.take_next():
            pass
    assert service.job(job_id).status is Status.SUCCEEDED
    error = service.job(other).error
    assert error and error.code == "document_encrypted", "what opens one opens no other"
