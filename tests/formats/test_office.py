"""Tables and text as files of office programs: HTML, CSV, workbooks, Word documents."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from decimal import Decimal

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn

from shared.formats.html import html
from shared.formats.office.docx import write_docx
from shared.formats.office.numbers import number_of
from shared.formats.office.spreadsheet import NoTables, write_csv, write_xlsx
from shared.formats.tables import linked, linked_json, whole_tables
from shared.result import Page
from tests.formats.documents import DECREE, line_at, page_with_table, read_page

ROWS = [["STT", "Tên hàng", "Đơn giá"], ["1", "Giấy A4", "85.000"], ["2", "Mực in", "1.250.000,5"]]
PRICES = page_with_table(ROWS)
FORMULA = '=HYPERLINK("http://evil.example","x")'


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("1.250.000,5", "1250000.5", "#,##0.0"),
        ("1,250,000.5", "1250000.5", "#,##0.0"),
        ("85.000", "85000", "#,##0"),
        ("8,5", "8.5", "0.0"),
        ("12", "12", "0"),
        ("-1.234", "-1234", "#,##0"),
        ("(1.234)", "-1234", "#,##0"),
        ("98,7%", "0.987", "0.0%"),
        ("500.000 đ", "500000", '#,##0 "đ"'),
        ("1 250 000", "1250000", "#,##0"),
    ],
)
def test_a_printed_number_is_a_number(text: str, value: str, shown: str) -> None:
    number = number_of(text)
    assert number is not None and (number.value, number.shown) == (Decimal(value), shown)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0301234567",
            "12/03/2026",
            "1.2.3",
            "A4",
            "",
            "-",
            "12 Lê Lợi",
            "1.25.000",
            "9A",
            "5 cm",
        ),
        "1234567890123456",
    ],
)
def test_a_code_a_date_and_words_are_none(text: str) -> None:
    assert number_of(text) is None


def sheets(*pages: Page) -> openpyxl.Workbook:
    out = io.BytesIO()
    write_xlsx(whole_tables(linked(pages)), out)
    return openpyxl.load_workbook(out)


def test_a_workbook_has_a_sheet_for_each_table_and_numbers_are_numbers() -> None:
    other = page_with_table([["a", "b"], ["c", "d"]], number=3)
    book = sheets(PRICES, other)
    assert book.sheetnames == ["Table 1", "Table 2"]
    rows = list(book["Table 1"].values)
    assert rows[0] == ("STT", "Tên hàng", "Đơn giá")
    assert rows[1:] == [(1, "Giấy A4", 85000), (2, "Mực in", 1250000.5)]
    assert book["Table 1"]["C3"].number_format == "#,##0.0"


def test_no_text_is_a_formula_or_a_link_to_a_spreadsheet() -> None:
    page = page_with_table([[FORMULA, "+1+1", "@SUM(A1)"], ["http://a.example", "-2", "{=1}"]])
    sheet = sheets(page)["Table 1"]
    assert [[cell.data_type for cell in row] for row in sheet] == [["s"] * 3, ["s", "n", "s"]]
    assert not any(cell.hyperlink for row in sheet for cell in row)
    assert sheet["A1"].value == FORMULA
    out = io.BytesIO()
    write_csv([page.tables[0]], out)
    rows = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"))))
    assert rows == [[f"'{FORMULA}", "'+1+1", "'@SUM(A1)"], ["http://a.example", "-2", "{=1}"]]


def test_merged_cells_stay_merged() -> None:
    page = page_with_table([["Năm 2024", None, "Ghi chú"], ["1", "2", ""]])
    sheet = sheets(page)["Table 1"]
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:B1"]
    assert [cell.value for cell in sheet[2]] == [1, 2, None]
    assert '<th colspan="2">Năm 2024</th><th>Ghi chú</th>' in "".join(html([page], "a"))
    table = document(page).tables[0]
    assert table.cell(0, 0)._tc is table.cell(0, 1)._tc
    assert [cell.text for cell in table.rows[1].cells] == ["1", "2", ""]


def test_one_table_is_a_csv_several_are_a_zip() -> None:
    one, two = io.BytesIO(), io.BytesIO()
    write_csv(PRICES.tables, one)
    assert one.getvalue().decode("utf-8-sig").splitlines()[1] == "1,Giấy A4,85.000"
    write_csv([*PRICES.tables, *PRICES.tables], two)
    with zipfile.ZipFile(two) as archive:
        assert archive.namelist() == ["table-001.csv", "table-002.csv"]
        assert archive.read("table-002.csv") == one.getvalue()
    for write in (write_csv, write_xlsx):
        with pytest.raises(NoTables):
            write([], io.BytesIO())


def document(*pages: Page) -> docx.document.Document:
    out = io.BytesIO()
    write_docx(pages, out)
    return docx.Document(out)


def test_a_word_document_has_headings_paragraphs_tables_and_pages() -> None:
    title = line_at("BẢNG GIÁ", 500, 100, 64)
    body = read_page(DECREE).lines
    made = document(page_with_table(ROWS, above=[title, *body]), read_page(["Trang hai"], number=2))
    texts = [p.text for p in made.paragraphs]
    assert next(p.style.name for p in made.paragraphs) == "Heading 1" and texts[0] == "BẢNG GIÁ"
    assert any(DECREE[2] in text for text in texts)
    assert [[cell.text for cell in row.cells] for row in made.tables[0].rows] == ROWS
    breaks = [b.get(qn("w:type")) for b in made.element.body.iter(qn("w:br"))]
    assert breaks.count("page") == 1 and texts[-1] == "Trang hai"


def test_a_web_page_shows_text_as_text() -> None:
    page = page_with_table(
        [["<b>", "a & b"], ["1", "2"]], above=[line_at("<script>", 200, 500, 32)]
    )
    text = "".join(html([page], "<a>"))
    assert "<title>&lt;a&gt;</title>" in text and "<p>&lt;script&gt;</p>" in text
    assert "<tr><th>&lt;b&gt;</th><th>a &amp; b</th></tr>\n<tr><td>1</td>" in text
    assert not re.search("<script|<b>", text)


def long_table() -> list[Page]:
    """A table over three pages, its head on each; a page's number below it."""
    parts = [[ROWS[0], *[[str(3 * n + k), "Hàng", "5.000"] for k in range(3)]] for n in range(3)]
    return [
        page_with_table(rows, number=n, below=[line_at(str(n), 800, 2200, 32)])
        for n, rows in enumerate(parts, start=1)
    ]


def test_a_table_over_a_page_break_says_which_page_it_continues_and_is_one_in_a_workbook() -> None:
    pages = list(linked(long_table()))
    assert [page.tables[0].continues for page in pages] == [None, 1, 2]
    (table,) = whole_tables(pages)
    assert table.rows == [ROWS[0], *([str(n), "Hàng", "5.000"] for n in range(9))]
    in_json = [page.model_dump_json().encode() for page in long_table()]
    assert [Page.model_validate_json(data) for data in linked_json(in_json)] == pages


def test_another_table_on_the_next_page_continues_nothing() -> None:
    first, second, third = long_table()
    narrow = page_with_table([["a", "b"], ["1", "2"]], number=2)
    text = page_with_table(ROWS, number=2, above=read_page(DECREE).lines)
    for pages in ([first, narrow], [first, text], [first, third], [read_page(DECREE), second]):
        assert all(page.tables[0].continues is None for page in linked(pages) if page.tables)
    plain = [read_page(DECREE).model_dump_json().encode()]
    assert list(linked_json(plain)) == plain


def test_a_page_of_a_newer_worker_is_read_without_what_is_new() -> None:
    data = PRICES.model_dump() | {"signatures": [{"value": "1"}]}
    data["tables"][0]["kind"] = "invoice"
    assert Page.model_validate(data) == PRICES
