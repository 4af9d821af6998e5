"""Columns of lone letters and digits are read one below the other, not as a line that stands."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from worker.ocr.reader import Reader

ABOVE, BELOW = "Danh sách các phương án trả lời", "The date and the name of who signs"


def page_with(column: str, size: int, pitch: float) -> Picture:
    """A column between two lines; `pitch` is its line spacing in heights of the font."""
    image = Image.new("RGB", (1400, 900), "white")
    font = ImageFont.truetype(FONTS / "DejaVuSans.ttf", size)
    draw = ImageDraw.Draw(image)
    draw.text((200, 80), ABOVE, "black", font)
    for number, letter in enumerate(column):
        draw.text((300, 200 + number * size * pitch), letter, "black", font)
    draw.text((200, 800), BELOW, "black", font)
    return np.asarray(image)


@pytest.mark.parametrize("pitch", [1.15, 1.25, 1.4])
@pytest.mark.parametrize(("column", "size"), [("ABCDEF", 30), ("123456789", 24), ("DA", 36)])
def test_a_column_of_letters_is_read_one_by_one(
    reader: Reader, column: str, size: int, pitch: float
) -> None:
    page = reader.read(page_with(column, size, pitch)).page
    assert text_read(page).split("\n") == [ABOVE, *column, BELOW]


@pytest.mark.parametrize("turn", [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE])
@pytest.mark.parametrize("text", ["Hình vẽ số 12", "1 2 3 4 5", "TRADE MARK"])
def test_a_line_that_stands_stays_one(reader: Reader, text: str, turn: int) -> None:
    picture = page_with("", 30, 1.0).copy()
    label = Image.new("RGB", (400, 50), "white")
    font = ImageFont.truetype(FONTS / "DejaVuSans.ttf", 30)
    ImageDraw.Draw(label).text((10, 5), text, "black", font)
    picture[200:600, 1200:1250] = cv2.rotate(np.asarray(label), turn)
    lines = text_read(reader.read(picture).page).replace(" ", "").split("\n")
    assert sorted(lines) == sorted(line.replace(" ", "") for line in (ABOVE, text, BELOW))
