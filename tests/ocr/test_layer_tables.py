"""Tables of digital pages: words of the text layer in the cells that its lines draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from shared.media import PDF
from shared.result import Page
from tests.formats.documents import DECREE, Letters, document, written
from tests.loading.samples import written as file_of
from worker.loading.limits import LoadLimits
from worker.loading.pool import PageLoader
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reader

Read = Callable[[bytes], Page]
ROWS = [
    ["STT", "Họ và tên", "Chức vụ", "Thực lĩnh"],
    ["1", "Nguyễn Văn An", "Trưởng phòng", "17.000.000"],
    ["2", "Trần Thị Ngọc", "", "11.300.000"],
    ["3", "Lê Hoàng Nam", "Bảo vệ", "7.500.000"],
]
TOTAL = ["Cộng", "35.800.000"]
XS, TOP, ROW = (60, 100, 230, 340, 440), 560, 22
LETTERS = Letters("".join([*DECREE, *(text for row in [*ROWS, TOTAL] for text in row)]))


@pytest.fixture(scope="module")
def loader() -> Iterator[PageLoader]:
    with PageLoader(LoadLimits(), num_processes=1) as loader:
        yield loader


@pytest.fixture(params=[3, 0], ids=["auto", "trust"])
def read(
    request: pytest.FixtureRequest, reader: Reader, loader: PageLoader, tmp_path: Path
) -> Read:
    def read(content: bytes) -> Page:
        path = file_of(tmp_path, document([content], LETTERS))
        hint = Hint(loader.layer(path, 1), request.param)
        return reader.read(loader.load(path, PDF, 1).picture, hint=hint).page

    return read


def texts(rows: Sequence[Sequence[str]], top: float = TOP) -> bytes:
    shown = b"\n".join(
        b"1 0 0 1 %g %g Tm %s Tj" % (x + 4, top - ROW * n - 15, LETTERS.encoded(text))
        for n, row in enumerate(rows)
        for x, text in zip(XS, row, strict=False)
        if text
    )
    return b"BT /F 11 Tf\n%s\nET\n" % shown


def rectangle(left: float, right: float, row: int) -> bytes:
    return b"%g %g %g %g re S\n" % (left, TOP - ROW * (row + 1), right - left, ROW)


GRID = b"0.7 w\n" + b"".join(
    rectangle(XS[column], XS[column + 1], row) for row in range(4) for column in range(4)
)


def test_lines_of_the_page_make_cells_of_its_words(read: Read) -> None:
    total = texts([[TOTAL[0], "", "", TOTAL[1]]], TOP - 4 * ROW)
    merged = rectangle(XS[0], XS[3], 4) + rectangle(XS[3], XS[4], 4)
    above = written(DECREE[:2], LETTERS, top=640)
    page = read(above + GRID + merged + texts(ROWS) + total)
    (table,) = page.tables
    assert page.source == "text_layer"
    assert table.rows == [*ROWS, [TOTAL[0], "", "", TOTAL[1]]]
    last = [(cell.column, cell.column_span) for cell in table.cells if cell.row == 4]
    assert last == [(0, 3), (3, 1)]
    assert [line.text for line in page.lines][:2] == list(DECREE[:2])


def test_words_of_two_cells_that_nearly_touch_are_apart(read: Read) -> None:
    narrow = b"BT /F 11 Tf 1 0 0 1 66 %g Tm %s Tj ET\n" % (
        TOP - 15,
        LETTERS.encoded("STT Họ và tên"),
    )
    rest = b"BT /F 11 Tf 1 0 0 1 64 %g Tm %s Tj ET\n" % (TOP - 15 - ROW, LETTERS.encoded("1"))
    xs = (60, 86.2, 230)
    lines = b"".join(rectangle(xs[n], xs[n + 1], row) for row in range(2) for n in range(2))
    moved = narrow.replace(b"66", b"64")
    page = read(b"0.7 w\n" + lines + moved + rest)
    (table,) = page.tables
    assert table.rows[0] == ["STT", "Họ và tên"]


def test_without_lines_the_words_that_stand_in_line_make_the_table(read: Read) -> None:
    page = read(written(DECREE, LETTERS, top=760) + texts(ROWS))
    (table,) = page.tables
    assert table.rows == ROWS
