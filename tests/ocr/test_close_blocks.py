"""Columns of unruled tables and blocks of letterheads that nearly touch are told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from worker.ocr.layout.pieces import Piece
from worker.ocr.layout.rows import Cell
from worker.ocr.reader import Reader
from worker.ocr.tables.closeness import parted

FONT = ImageFont.truetype(FONTS / "DejaVuSans.ttf", 24)
LEADING = 42

GOODS = (
    ("STT", "Tên hàng hóa", "ĐVT", "Số lượng", "Đơn giá"),
    ("1", "Gạch ốp lát 60 x 60", "m2", "48", "185.000"),
    ("2", "Xi măng trắng PCB40", "bao", "20", "92.000"),
    ("3", "Cát vàng xây tô", "m3", "15", "420.000"),
    ("4", "Sơn nước nội thất", "lon", "6", "615.000"),
)
STAFF = (
    ("Họ và tên", "Chức vụ", "Ngày công", "Phụ cấp"),
    ("Nguyễn Văn Hùng", "Tổ trưởng", "26", "1.500.000"),
    ("Lê Thị Thu Thảo", "Kế toán", "25", "800.000"),
    ("Phạm Quốc Bảo", "Thủ kho", "24", "650.000"),
    ("Đặng Minh Châu", "Lái xe", "26", "700.000"),
)
ORDER = (
    ("Code", "Description", "Unit", "Qty", "Price"),
    ("A-101", "Oak chair, varnished", "pc", "12", "104.50"),
    ("A-215", "Dining table, round", "pc", "2", "310.00"),
    ("B-007", "Wood oil, half litre", "can", "8", "14.20"),
    ("C-330", "Felt pads for chairs", "set", "24", "2.95"),
)


def table(rows: Sequence[Sequence[str]], gap: int) -> Picture:
    """A table without rules, its last two columns set to the right, some pixels between columns."""
    image = Image.new("RGB", (1240, 120 + LEADING * len(rows)), "white")
    draw, left = ImageDraw.Draw(image), 80.0
    columns = list(zip(*rows, strict=True))
    for number, column in enumerate(columns):
        width = max(map(FONT.getlength, column))
        for row, text in enumerate(column):
            free = width - FONT.getlength(text) if number >= len(columns) - 2 else 0
            draw.text((left + free, 50 + LEADING * row), text, "black", FONT)
        left += width + gap
    return np.asarray(image)


@pytest.mark.parametrize("gap", [14, 22])
@pytest.mark.parametrize("rows", [GOODS, STAFF, ORDER], ids=["goods", "staff", "order"])
def test_columns_less_than_a_line_apart_are_columns(
    reader: Reader, rows: Sequence[Sequence[str]], gap: int
) -> None:
    """A space is 8 pixels wide here, a line 33 high."""
    page = reader.read(table(rows, gap)).page
    (found,) = page.tables
    cells = {(cell.row, cell.column): cell.text for cell in found.cells}
    assert cells == {(r, c): text for r, row in enumerate(rows) for c, text in enumerate(row)}


BODY = ("Dear Mrs Miller,", "your application of the third of March has been received.")
THU = ("Kính gửi: Phụ huynh học sinh lớp 10A2", "Nhà trường trân trọng thông báo lịch họp.")
HEADS = {
    "council": (
        ("HARBOUR TOWN COUNCIL", "Planning Department"),
        ("12 Market Square", "Tel. 0555 123 456"),
        BODY,
    ),
    "school": (
        ("Riverside Primary School", "Office of the Head Teacher"),
        ("14 Old Mill Lane, Ashford", "Telephone 0555 123 456"),
        BODY,
    ),
    "công ty": (
        ("Công ty Cổ phần Phú Khánh", "Phòng Kinh doanh"),
        ("Số 15 Trần Phú, Nha Trang", "Điện thoại: 0258 382 1234"),
        THU,
    ),
}


def letter(
    left: Sequence[str], right: Sequence[str], body: Sequence[str], gap: int, centred: bool
) -> Picture:
    """Two blocks side by side, and a text below them."""
    image = Image.new("RGB", (1240, 420), "white")
    draw, start = ImageDraw.Draw(image), 220.0
    for block in (left, right):
        width = max(map(FONT.getlength, block))
        for number, line in enumerate(block):
            free = (width - FONT.getlength(line)) / 2 if centred else 0
            draw.text((start + free, 40 + 36 * number), line, "black", FONT)
        start += width + gap
    for number, line in enumerate(body):
        draw.text((90, 230 + 40 * number), line, "black", FONT)
    return np.asarray(image)


@pytest.mark.parametrize(("gap", "centred"), [(18, True), (22, False)])
@pytest.mark.parametrize("head", HEADS)
def test_two_blocks_at_the_head_are_read_one_after_the_other(
    reader: Reader, head: str, gap: int, centred: bool
) -> None:
    left, right, body = HEADS[head]
    page = reader.read(letter(left, right, body, gap, centred)).page
    assert text_read(page).split("\n") == [*left, *right, *body]


@pytest.mark.parametrize(
    "lines",
    [
        ("Họ và tên: Trần Văn Mẫu  Giới tính: Nam", "Ngày sinh: 12/05/1990   Quốc tịch: Việt Nam"),
        ("Coffee and cake for two   14.50", "A large pot of green tea   6.20"),
        (
            "The boats come in from the islands,  each with",
            "a lamp at its bow, and the women who wait",
        ),
    ],
    ids=["fields", "prices", "prose"],
)
def test_other_lines_with_a_wide_space_are_read_across(
    reader: Reader, lines: Sequence[str]
) -> None:
    page = reader.read(letter(lines, ("",), BODY, 0, centred=False)).page
    read = " ".join(text_read(page).split())
    assert read == " ".join(" ".join((*lines, *BODY)).split())


def test_hundreds_of_rows_that_are_no_table_are_gone_through_once() -> None:
    """Typewritten text, whose spaces lie above one another: each row was begun with anew, and from
    there on all rows were looked at for each one more."""
    shares = [((10 * place - 1) / 100, (10 * place + 1) / 100) for place in range(1, 10)]
    piece = Piece(np.zeros((4, 2)), ())
    rows = [[Cell(piece, 0.0, 1000.0, 40.0 * at, 30.0, 0.0, shares)] for at in range(400)]
    looked = []
    same, cut = parted(rows, 20.0, lambda above, below: bool(looked.append(above)))
    assert (same, cut) == (rows, set())
    assert len(looked) < 12 * len(rows)
