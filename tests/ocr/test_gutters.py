"""Columns of running text that are set close together, and what only looks like them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from training.measuring.scoring import distance, normalise
from worker.ocr.reader import Reader

pytestmark = pytest.mark.acceptance  # whole services, or many pages

SIZE, LEADING = 20, 30
FONT = ImageFont.truetype(FONTS / "DejaVuSans.ttf", SIZE)

MARKET = """Chợ nổi Cái Răng nằm trên sông Hậu, cách trung tâm thành phố Cần Thơ chừng sáu cây số
đường thủy. Từ tờ mờ sáng, ghe thuyền từ khắp miệt vườn đã tụ về, treo trên cây bẹo những thứ mình
bán: khóm, bưởi, khoai lang, củ cải trắng. Người mua chỉ cần nhìn ngọn sào là biết ghe nào có thứ
mình đang muốn mua. Du khách thường thuê đò từ bến Ninh Kiều lúc năm giờ để kịp xem chợ họp đông
nhất. Trên sông có cả những quán ăn nhỏ bán hủ tiếu, bún riêu, cà phê sữa nóng. Khi mặt trời lên
cao, nước ròng, các ghe lần lượt nhổ neo, mặt sông lại vắng lặng như chưa từng có một phiên chợ."""
HARBOUR = """The harbour lies at the mouth of a small river, some six miles from the town. Before
it is light the boats come in from the islands, each with a lamp at its bow, and the women who buy
the fish stand waiting on the stones of the quay. What is sold here in the morning is eaten in the
town at noon. A traveller who wants to see the market has to be there by five, when the bidding is
loudest and the price of a crate changes with every shout. There is coffee from a cart, and bread
that is still warm. By nine all is over, the stones are washed, and the gulls have the quay."""


def wrapped(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if FONT.getlength(f"{line} {word}") > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def draw_column(draw: ImageDraw.ImageDraw, lines: Sequence[str], left: int, width: int) -> None:
    """Lines set to fill the column, as a newspaper sets them."""
    for number, line in enumerate(lines):
        words, y = line.split(), 60 + number * LEADING
        free = width - sum(FONT.getlength(word) for word in words)
        space = free / max(1, len(words) - 1) if number < len(lines) - 1 else FONT.getlength(" ")
        x = float(left)
        for word in words:
            draw.text((x, y), word, "black", FONT)
            x += FONT.getlength(word) + space


def columns_of(text: str, gutter: int, num_columns: int) -> tuple[Picture, str]:
    """A page of columns with some pixels between them, and what stands on it in order."""
    width = (1160 - (num_columns - 1) * gutter) // num_columns
    lines = wrapped(f"{text} {text}", width)
    size = -(-len(lines) // num_columns)
    image = Image.new("RGB", (1240, 120 + LEADING * size), "white")
    for number in range(num_columns):
        part = lines[number * size : (number + 1) * size]
        draw_column(ImageDraw.Draw(image), part, 40 + number * (width + gutter), width)
    return np.asarray(image), "\n".join(lines)


@pytest.mark.parametrize("gutter", [12, 13, 14, 18])
@pytest.mark.parametrize("text", [MARKET, HARBOUR], ids=["Vietnamese", "English"])
def test_columns_with_a_narrow_gutter_are_read_one_after_the_other(
    reader: Reader, text: str, gutter: int
) -> None:
    picture, wanted = columns_of(text, gutter, 2)
    read = text_read(reader.read(picture).page)
    assert distance(normalise(wanted), normalise(read)) <= 0.03 * len(wanted), read


@pytest.mark.parametrize("text", [MARKET, HARBOUR], ids=["Vietnamese", "English"])
def test_three_columns_with_narrow_gutters_are_read_one_after_the_other(
    reader: Reader, text: str
) -> None:
    picture, wanted = columns_of(text, 14, 3)
    read = text_read(reader.read(picture).page)
    assert distance(normalise(wanted), normalise(read)) <= 0.03 * len(wanted), read


@pytest.mark.parametrize("text", [MARKET, HARBOUR], ids=["Vietnamese", "English"])
def test_one_column_of_text_is_read_across(reader: Reader, text: str) -> None:
    picture, wanted = columns_of(text, 0, 1)
    read = text_read(reader.read(picture).page)
    assert distance(normalise(wanted), normalise(read)) <= 0.02 * len(wanted), read


@pytest.mark.parametrize("gap", [8, 12])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            ("ỦY BAN NHÂN DÂN THÀNH PHỐ", "SỞ TÀI CHÍNH", "Số: 4711/QĐ-STC"),
            ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
        ),
        (
            ("BỆNH VIỆN ĐA KHOA VÍ DỤ", "KHOA NỘI"),
            ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
        ),
        (
            ("COUNTY OF EXAMPLE", "Ministry of Works"),
            ("OFFICE OF THE INSPECTOR", "Harbour Road 12"),
        ),
    ],
)
def test_a_letterhead_whose_blocks_nearly_touch_is_read_block_by_block(
    reader: Reader, left: Sequence[str], right: Sequence[str], gap: int
) -> None:
    image = Image.new("RGB", (1240, 400), "white")
    draw, start = ImageDraw.Draw(image), 60.0
    for block in (left, right):
        width = max(map(FONT.getlength, block))
        for number, line in enumerate(block):
            x = start + (width - FONT.getlength(line)) / 2
            draw.text((x, 40 + number * LEADING), line, "black", FONT)
        start += width + gap
    below = "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015 của Quốc hội;"
    draw.text((60, 220), below, "black", FONT)
    page = reader.read(np.asarray(image)).page
    assert text_read(page).split("\n") == [*left, *right, below]
