"""Each page of a PDF is taken from the right source, and can be searched where it is shown."""

from __future__ import annotations

import io
import unicodedata

import numpy as np
import pikepdf
import pypdfium2
import pytest

from bench.service import RunningService
from shared.result import Page, bounds
from tests.formats.pdf_words import ink, words_on
from tests.loading.samples import locked_pdf
from tests.service.pdfs import DIGITAL, OWN, Sent, long, lying, rotated, sound, typed
from tests.service.pdfs import pdf as pdf_of

pytestmark = pytest.mark.acceptance  # whole services, or many pages

DPI = 200
DOCUMENTS = [*sound(), *lying(), *rotated()]


def submitted(service: RunningService, content: bytes) -> str:
    answer = service.client.post("/v1/jobs", files={"file": ("a.pdf", content)})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


@pytest.fixture(scope="module")
def jobs(service: RunningService) -> dict[str, str]:
    """All documents at once, as they come to a service."""
    return {sent.name: submitted(service, sent.content) for sent in DOCUMENTS}


def results(service: RunningService, job_id: str) -> tuple[list[Page], bytes]:
    """The pages of a job and its searchable PDF."""
    job = service.finished(job_id)
    assert job["status"] == "succeeded", job
    address = f"/v1/jobs/{job_id}/result"
    pages = service.client.get(address).json()["pages"]
    pdf = service.client.get(address, params={"format": "pdf"})
    assert pdf.status_code == 200, pdf.text
    return [Page.model_validate(page) for page in pages], pdf.content


@pytest.mark.parametrize("sent", DOCUMENTS, ids=lambda sent: sent.name)
def test_a_page_is_taken_from_its_source_and_searchable_in_its_place(
    service: RunningService, jobs: dict[str, str], sent: Sent
) -> None:
    pages, pdf = results(service, jobs[sent.name])
    assert [(page.source, plain(text_of(page))) for page in pages] == [
        (source, plain(text)) for source, text in sent.pages
    ]
    opened = pypdfium2.PdfDocument(pdf)
    assert len(opened) == len(pages)
    for page in pages:
        wanted = np.array(sent.size) * DPI / 72
        # A small page is rendered as finely as its picture is, no page less finely than others.
        scale = max(1.0, page.width / wanted[0] if len(sent.pages) == 1 else 1.0)
        assert np.abs(np.subtract((page.width, page.height), scale * wanted)).max() <= 1
        if sent.name != "invisible beside visible":  # a page that keeps its text keeps all of it
            expect_words_in_place(opened[page.page - 1], page)
        expect_ink_under_words(opened[page.page - 1], page)
        if page.source == OWN:
            assert text_of(page) == DIGITAL


def text_of(page: Page) -> str:
    return " ".join(line.text for line in page.lines)


def plain(text: str) -> str:
    """Without the signs above and below letters, which the tests' font does not draw."""
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in parts if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "D")


def expect_words_in_place(shown: pypdfium2.PdfPage, page: Page) -> None:
    """What is found in the PDF are the words of the result, over their boxes."""
    found = words_on(shown, page)
    words = [word for line in page.lines for word in line.words]
    assert [text for text, _ in found] == [word.text for word in words]
    for (text, place), word in zip(found, words, strict=True):
        left, top, right, bottom = bounds(word.box)
        off = np.abs(np.subtract(place, (left, top, right, bottom)))
        assert off.max() <= 0.35 * (bottom - top), (text, place, word.box)


def expect_ink_under_words(shown: pypdfium2.PdfPage, page: Page) -> None:
    """What can be seen on the page lies in the boxes of the words, and there is some in each."""
    seen = ink(shown, page)
    rest = seen.copy()
    for line in page.lines:
        for word in line.words:
            left, top, right, bottom = (round(side) for side in bounds(word.box))
            assert seen[max(0, top) : bottom, max(0, left) : right].any(), word
            more = (bottom - top) // 4
            rest[max(0, top - more) : bottom + more, max(0, left - more) : right + more] = False
    assert rest.sum() <= 0.01 * seen.sum(), "letters that no word covers"


def test_of_forty_pages_the_one_that_is_a_scan_is_found(service: RunningService) -> None:
    sent = long()
    pages, pdf = results(service, submitted(service, sent.content))
    assert [(page.source, text_of(page)) for page in pages] == list(sent.pages)
    opened = pypdfium2.PdfDocument(pdf)
    for number in (1, 24, 25, 26, 40):
        expect_words_in_place(opened[number - 1], pages[number - 1])


def test_an_encrypted_document_is_refused_and_one_that_is_only_protected_is_read(
    service: RunningService,
) -> None:
    job = service.finished(submitted(service, locked_pdf(b"secret")))
    assert (job["status"], job["error"]["code"]) == ("failed", "document_encrypted")
    for strength in (3, 4, 6):
        out = io.BytesIO()
        is_new = strength > 3
        lock = pikepdf.Encryption("no copying", "", R=strength, metadata=is_new, aes=is_new)
        with pikepdf.open(io.BytesIO(pdf_of(typed()))) as opened:
            opened.save(out, encryption=lock)
        (page,), pdf = results(service, submitted(service, out.getvalue()))
        assert (page.source, text_of(page)) == (OWN, DIGITAL)
        assert b"/Encrypt" in pdf
        expect_words_in_place(pypdfium2.PdfDocument(pdf)[0], page)
