"""A result in each of its formats: Markdown, hOCR, ALTO, and a searchable PDF that is made once."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pypdfium2
import pytest

from shared.result import Page
from tests.api.playing import PDF, Api, problem
from tests.formats.documents import DECREE, PICTURE_DRAWN, Letters, document, read_page, scan
from tests.loading.samples import encode

LETTERS = Letters("a")
SCAN = document([PICTURE_DRAWN], LETTERS, picture=scan())
NAMED = {"Content-Disposition": 'attachment; filename="a b.pdf"'}


def done(api: Api, content: bytes, *pages: Page, name: str = "a b.pdf") -> str:
    """The path of the result of a document that has been read."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    job = api.submit(content, headers=headers)
    api.finish(*pages)
    return f"/v1/jobs/{job['id']}/result"


def fetch(api: Api, path: str, **headers: str) -> bytes:
    """A result that is there; a file that it comes from is closed."""
    with api.get(path, headers) as answer:
        assert answer.status_code == 200, answer.text
        return answer.data


@pytest.fixture
def path(api: Api) -> str:
    return done(api, SCAN, read_page(DECREE))


@pytest.mark.parametrize(
    ("name", "media_type", "suffix"),
    [
        ("markdown", "text/markdown", "md"),
        ("hocr", "text/vnd.hocr+html", "hocr"),
        ("alto", "application/alto+xml", "xml"),
        ("pdf", "application/pdf", "pdf"),
    ],
)
def test_a_format_has_its_type_and_its_file_name(
    api: Api, path: str, name: str, media_type: str, suffix: str
) -> None:
    answer = api.get(f"{path}?format={name}")
    assert answer.status_code == 200 and answer.mimetype == media_type
    assert answer.headers["Content-Disposition"] == f"inline; filename*=UTF-8''a%20b.{suffix}"
    again = api.get(f"{path}?format={name}", {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    assert again.headers["ETag"] == answer.headers["ETag"]
    answer.close()


def test_markdown_hocr_and_alto_hold_the_text(api: Api, path: str) -> None:
    assert api.get(f"{path}?format=markdown").text.startswith("\n".join(DECREE)[:60])
    for name in ("hocr", "alto"):
        data = api.get(f"{path}?format={name}").data
        tree = ElementTree.fromstring(data)
        words = [e.get("CONTENT") or e.text for e in tree.iter() if "WC" in e.attrib or is_word(e)]
        assert words == " ".join(DECREE).split()


def is_word(element: ElementTree.Element) -> bool:
    return element.get("class") == "ocrx_word"


def test_the_pdf_is_the_document_with_its_text(api: Api, path: str) -> None:
    data = fetch(api, f"{path}?format=pdf")
    text = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    assert text.split() == " ".join(DECREE).split()


def test_a_picture_becomes_a_pdf(api: Api) -> None:
    path = done(api, encode(scan(), "JPEG"), read_page(["Một trang"], 595, 842), name="ảnh.jpg")
    pdf = pypdfium2.PdfDocument(fetch(api, path, Accept="application/pdf"))
    assert pdf[0].get_textpage().get_text_range() == "Một trang"


def test_the_pdf_is_made_once_and_goes_with_the_job(api: Api, path: str) -> None:
    first = fetch(api, f"{path}?format=pdf")
    (kept,) = [blob for blob in api.stored() if blob.name == "searchable.pdf"]
    api_folder: Path = kept.parent
    (api_folder / "input").unlink()  # its time is shorter than the result's
    assert fetch(api, f"{path}?format=pdf") == first
    assert api.client.delete(path.removesuffix("/result")).status_code in (200, 204)
    assert not kept.exists()
    problem(api.get(f"{path}?format=pdf"), 410, "job_gone")


def test_a_part_of_the_pdf_may_be_asked_for(api: Api, path: str) -> None:
    with api.get(f"{path}?format=pdf", {"Range": "bytes=0-7"}) as answer:
        assert answer.status_code == 206
        assert len(answer.data) == 8 and answer.data.startswith(b"%PDF-1.")


def test_where_the_document_is_gone_there_is_no_pdf_but_the_rest(api: Api, path: str) -> None:
    for blob in api.stored():
        if blob.name == "input":
            blob.unlink()
    body = problem(api.get(f"{path}?format=pdf"), 406, "format_not_available")
    assert "kept" in body["detail"]
    assert api.get(f"{path}?format=hocr").status_code == 200


def test_a_damaged_document_has_no_pdf_but_the_rest(api: Api) -> None:
    path = done(api, PDF, read_page(["một"]))
    problem(api.get(f"{path}?format=pdf"), 406, "format_not_available")
    assert api.get(f"{path}?format=alto").status_code == 200


def test_a_job_without_a_model_has_all_formats(api: Api) -> None:
    path = done(api, SCAN, read_page(["một"], source="text_layer"))
    for name in ("markdown", "hocr", "alto", "pdf"):
        assert fetch(api, f"{path}?format={name}")
