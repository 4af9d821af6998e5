"""Large print: a title page, a sign, a page with nothing but a huge number."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import picture_of, text_read
from worker.ocr.detection import detection
from worker.ocr.detection.sheet import turned
from worker.ocr.reader import Reader


def sign(text: str, *, apart: float, size: int = 200) -> Picture:
    """Bold letters, some ems further apart than the font sets them."""
    font = ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", size)
    lengths = [font.getlength(letter) + apart * size for letter in text]
    image = Image.new("RGB", (120 + round(sum(lengths)), 3 * size), "white")
    for number, letter in enumerate(text):
        place = 60 + sum(lengths[:number]), 2 * size
        ImageDraw.Draw(image).text(place, letter, "black", font, anchor="ls")
    return np.asarray(image)


def page_of(text: str, *, size: int, place: tuple[float, float] = (0.5, 0.25)) -> Picture:
    """A sheet of paper with something huge on it."""
    image = Image.new("RGB", (1700, 2200), "white")
    font = ImageFont.truetype(FONTS / "DejaVuSans.ttf", size)
    middle = place[0] * image.width, place[1] * image.height
    ImageDraw.Draw(image).text(middle, text, "black", font, anchor="mm")
    return np.asarray(image)


@pytest.mark.parametrize("apart", [0.0, 0.2])
@pytest.mark.parametrize(
    "text", ["HÓA ĐƠN", "BIÊN LAI", "Bảng kê", "Payment", "29A12345", "Receipt"]
)
def test_large_letters_that_stand_apart_are_words(reader: Reader, text: str, apart: float) -> None:
    page = reader.read(sign(text, apart=apart)).page
    assert (text_read(page), page.warnings) == (text, ())


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 350), ("4", 700), ("12", 500), ("A", 700), ("Phụ lục", 350), ("Page 3", 400)],
)
def test_a_huge_number_or_word_is_all_that_a_page_says(
    reader: Reader, text: str, size: int
) -> None:
    page = reader.read(page_of(text, size=size)).page
    assert (text_read(page), page.warnings) == (text, ())


def test_a_page_of_small_print_on_its_side_is_seen_once(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    look = detection._seen
    monkeypatch.setattr(detection, "_seen", lambda *asked: seen.append(asked) or look(*asked))
    reader.read(turned(picture_of("decree"), 90))
    assert len(seen) == 2  # as it lies, and upright
