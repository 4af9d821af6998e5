"""Word documents and workbooks open in LibreOffice as they are, without a repair."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.formats.office.docx import write_docx
from shared.formats.office.spreadsheet import write_xlsx
from shared.result import Page
from tests.formats.documents import DECREE, line_at, page_with_table, read_page

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice"),
]
ROWS = [["STT", "Tên hàng", "Đơn giá"], ["1", "Giấy A4 \x01&<", "85.000"], ["2", "=1+1", "1.250,5"]]
MERGED = [["Năm 2024", None, "Ghi chú"], ["Kế hoạch", "Thực hiện", ""], ["1.302", "98,7%", "x"]]


def pages() -> list[Page]:
    title = line_at("BẢNG GIÁ", 500, 100, 64)
    return [
        page_with_table(ROWS, above=[title, *read_page(DECREE).lines]),
        page_with_table(MERGED, number=2),
        read_page(["1. Một", "2. Hai", "• ba"], number=3),
    ]


def converted(tmp_path: Path, path: Path, form: str) -> Path:
    """The file as LibreOffice reads it, in another format; strict where it would repair."""
    done = subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--convert-to",
            form,
            "--outdir",
            str(tmp_path / "out"),
            str(path),
        ],
        capture_output=True,
        text=True,
        timeout=170,
        check=True,
    )
    (made,) = (tmp_path / "out").glob(f"{path.stem}*.{form.partition(':')[0]}")
    assert "rror" not in done.stdout + done.stderr, done
    return made


def test_libreoffice_opens_a_word_document(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_docx(pages(), out)
    (tmp_path / "a.docx").write_bytes(out.getvalue())
    shown = converted(tmp_path, tmp_path / "a.docx", "pdf")
    text = subprocess.run(
        ["pdftotext", "-layout", str(shown), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert text.count("\f") == 3, "each page on a page of its own"
    for said in ("BẢNG GIÁ", *DECREE[:1], "Tên hàng", "Giấy A4", "=1+1", "Năm 2024", "2. Hai"):
        assert said in text, said


def test_libreoffice_opens_a_workbook_and_finds_numbers_and_no_formula(tmp_path: Path) -> None:
    out = io.BytesIO()
    write_xlsx([table for page in pages() for table in page.tables], out)
    (tmp_path / "a.xlsx").write_bytes(out.getvalue())
    # The first sheet.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
    shown = converted(tmp_path, tmp_path / "a.xlsx", form)
    rows = list(csv.reader(io.StringIO(shown.read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["STT", "Tên hàng", "Đơn giá"]
    # Numbers as they are kept; a text would be as it was printed.
    assert rows[1][2] == "85000" and rows[2] == ["2", "=1+1", "1250.5"]
