"""A result in each of its formats: Markdown, hOCR, ALTO, and a searchable PDF that is made once."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pypdfium2
import pytest

from shared.result import Page
from tests.api.playing import PDF, Api, problem
from tests.formats.documents import (
    DECREE,
    PICTURE_DRAWN,
    Letters,
    document,
    page_with_table,
    read_page,
    scan,
)
from tests.loading.samples import encode

LETTERS = Letters("a")
SCAN = document([PICTURE_DRAWN], LETTERS, picture=scan())
OFFICE = "application/vnd.openxmlformats-officedocument"
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
        ("html", "text/html", "html"),
        ("hocr", "text/vnd.hocr+html", "hocr"),
        ("alto", "application/alto+xml", "xml"),
        ("pdf", "application/pdf", "pdf"),
        ("docx", f"{OFFICE}.wordprocessingml.document", "docx"),
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


def test_tables_come_as_a_workbook_and_as_csv_or_a_zip_of_csv(api: Api) -> None:
    table = page_with_table([["STT", "Giá"], ["1", "1.250.000,5"]])
    path = done(api, PDF, table)
    with api.get(f"{path}?format=xlsx") as answer:
        assert answer.mimetype == f"{OFFICE}.spreadsheetml.sheet"
        assert answer.headers["Content-Disposition"].endswith("a%20b.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert list(book["Table 1"].values) == [("STT", "Giá"), (1, 1250000.5)]
    with api.get(f"{path}/csv") as answer:
        assert answer.mimetype == "text/csv"
        assert answer.data.decode("utf-8-sig").splitlines() == ["STT,Giá", '1,"1.250.000,5"']
    two = table.model_copy(update={"tables": table.tables * 2})
    with api.get(f"{done(api, PDF, two)}?format=csv") as answer:
        assert answer.mimetype == "application/zip"
        assert answer.headers["Content-Disposition"].endswith("a%20b.csv.zip")
        assert len(zipfile.ZipFile(io.BytesIO(answer.data)).namelist()) == 2


def test_a_document_without_tables_has_no_workbook_but_the_rest(api: Api, path: str) -> None:
    for name in ("xlsx", "csv"):
        body = problem(api.get(f"{path}?format={name}"), 406, "format_not_available")
        assert "no tables" in body["detail"]
    assert fetch(api, f"{path}?format=docx").startswith(b"PK")


def test_a_browser_gets_json_and_who_wants_html_gets_it(api: Api, path: str) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert api.get(path, {"Accept": browser}).mimetype == "application/json"
    assert api.get(path, {"Accept": "text/html"}).mimetype == "text/html"


def test_a_table_that_goes_on_says_so_in_the_result_and_on_its_page(api: Api) -> None:
    rows = [["STT", "Giá"], ["1", "5.000"]]
    path = done(api, PDF, page_with_table(rows), page_with_table(rows, number=2))
    pages = api.get(path).get_json()["pages"]
    assert [page["tables"][0]["continues"] for page in pages] == [None, 1]
    alone = api.get(f"{path.removesuffix('/result')}/pages/2").get_json()
    assert alone == pages[1]
