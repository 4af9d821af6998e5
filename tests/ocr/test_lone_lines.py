"""A page with one short line of small print: a divider, a page that holds its number only."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from worker.ocr.detection.sheet import Rotation, Sheet, turned
from worker.ocr.layer.believing import as_read
from worker.ocr.reader import Reader
from worker.ocr.recognition.ctc import Span

A4, A3, LETTER = (210, 297), (297, 420), (216, 279)
DPI = 300


def page_with(*texts: tuple[str, float, float], points: float, paper: tuple[int, int]) -> Picture:
    """A scan at 300 dpi with texts at (x, y), as shares of the paper, which is in millimetres."""
    width, height = (round(side * DPI / 25.4) for side in paper)
    image = Image.new("RGB", (width, height), (250, 250, 248))
    font = ImageFont.truetype(FONTS / "DejaVuSans.ttf", round(points * DPI / 72))
    draw = ImageDraw.Draw(image)
    for text, x, y in texts:
        draw.text((x * width, y * height), text, (25, 25, 30), font)
    return np.asarray(image)


@pytest.mark.parametrize(
    ("text", "points", "paper", "place"),
    [
        ("Phụ lục kèm theo", 10, A4, (0.4, 0.45)),
        ("Trang 12/12", 8, A4, (0.45, 0.95)),
        ("Bản sao y bản chính", 9, A3, (0.1, 0.1)),
        ("Page 3 of 12", 8, LETTER, (0.8, 0.96)),
        ("This page is left blank", 10, A3, (0.4, 0.5)),
        ("Appendix B", 9, A4, (0.1, 0.3)),
    ],
)
def test_a_lone_line_is_read(
    reader: Reader, text: str, points: float, paper: tuple[int, int], place: tuple[float, float]
) -> None:
    page = reader.read(page_with((text, *place), points=points, paper=paper)).page
    assert text_read(page) == text


def test_two_lone_lines_far_apart_are_both_read(reader: Reader) -> None:
    texts = ("Nơi nhận: Lưu VT", 0.1, 0.2), ("Trang 4/4", 0.45, 0.95)
    assert text_read(reader.read(page_with(*texts, points=8, paper=A3)).page) == (
        "Nơi nhận: Lưu VT\nTrang 4/4"
    )


def test_a_lone_line_on_a_page_that_lies_on_its_side_is_read(reader: Reader) -> None:
    upright = page_with(("Phụ lục kèm theo", 0.4, 0.45), points=10, paper=A4)
    page = reader.read(turned(upright, 90)).page
    assert (page.rotation, text_read(page)) == (270, "Phụ lục kèm theo")


@pytest.mark.parametrize("text", ["Ghi chú của kế toán", "tx annotation", "Đã nhận đủ tiền"])
@pytest.mark.parametrize("place", [(0.03, 0.055), (0.03, 0.3), (0.4, 0.97)])
def test_small_print_in_a_large_field_is_read(
    reader: Reader, text: str, place: tuple[float, float]
) -> None:
    page = page_with((text, *place), points=10, paper=A4).copy()
    near, far = ((60, 180), (1500, 2000)), ((60, 60), (2400, 3480))
    (left, top), (right, bottom) = near if place[1] < 0.9 else far
    inside = page[top:bottom, left:right].astype(int) - (80, 60, 0)
    page[top:bottom, left:right] = inside.clip(0, 255)
    cv2.rectangle(page, (left, top), (right, bottom), (80, 220, 100), 5)
    assert text_read(reader.read(page).page) == text


@pytest.mark.parametrize("text", ["Sơ đồ", "Line", "Bản vẽ số 4"])
def test_a_line_whose_place_another_reaches_over_is_read_once(reader: Reader, text: str) -> None:
    page = page_with((text, 0.12, 0.09), points=12, paper=A4).copy()
    # A sloping rule: the upright rectangle round it covers the line.
    cv2.line(page, (250, 420), (1150, 640), (0, 0, 160), 20)
    assert text_read(reader.read(page).page) == text


@pytest.mark.parametrize("text", ["Hóa đơn 205", "Issue 1055", "Xưởng in số 9"])
@pytest.mark.parametrize("rotation", [0, 180])
def test_a_logo_beside_a_lone_line_does_not_turn_the_page(
    reader: Reader, text: str, rotation: Rotation
) -> None:
    image = Image.new("RGB", (560, 140), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((22, 24, 118, 118), outline="black", width=30)
    draw.text((140, 36), text, "black", ImageFont.truetype(FONTS / "DejaVuSerif.ttf", 48))
    page = reader.read(turned(np.asarray(image), rotation)).page
    assert page.rotation == rotation
    assert text in text_read(page)


def test_the_blank_back_of_a_scan_has_no_lines(reader: Reader) -> None:
    noise = np.random.default_rng(3)
    back = noise.normal(246, 4, (3508, 2480)).clip(0, 255).astype(np.uint8)
    for x, y in noise.integers(0, 2400, (60, 2)):
        cv2.circle(back, (int(x), int(y)), int(noise.integers(1, 4)), 120, -1)
    back[:, :40] = np.linspace(60, 246, 40).astype(np.uint8)  # the shadow of the spine
    cv2.ellipse(back, (1900, 700), (400, 300), 20, 0, 360, 215, -1)  # a stain
    page = reader.read(cv2.cvtColor(back, cv2.COLOR_GRAY2RGB).astype(np.uint8)).page
    assert page.lines == ()


def test_a_dark_disc_is_a_mark_only_where_it_is_as_high_as_a_line() -> None:
    def line(text: str, left: int, top: int, size: int) -> tuple[np.ndarray, list[Span]]:
        right, bottom = left + size * len(text), top + size
        quad = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
        return quad, [Span(text, 0.97, 0.0, 1.0, 0.97)]

    disc, mark, first, second = (
        line("•", 700, 900, 600),
        line("•", 100, 208, 36),
        line("Biên", 200, 200, 40),
        line("bản", 200, 260, 40),
    )

    def told(*lines: tuple[np.ndarray, list[Span]]) -> list[str]:
        sheet = Sheet(np.zeros((2000, 1500, 3), np.uint8), np.stack([quad for quad, _ in lines]))
        return [text.spans[0].text for text in as_read(sheet, [spans for _, spans in lines])]

    assert told(disc) == []
    assert told(disc, mark, first, second) == ["•", "Biên", "bản"]
