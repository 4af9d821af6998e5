"""Strokes that are a pixel wide are seen whatever the size at which a page is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.ocr.drawn_tables import Picture
from worker.ocr.detection.scaling import LINE, Small
from worker.ocr.detection.sheet import Sheet
from worker.ocr.frames import find_frames
from worker.ocr.outlines import Look
from worker.ocr.tables.grid import ruled_grids

LINES = [30, 33, 36, 38, 40, 44]
"""Heights of the text lines in pixels: the page is looked at the smaller, the higher they are."""


def ruled(height: int, off: int, shade: int) -> tuple[Picture, Sheet]:
    """A table of six rows and four columns, and the lines in its cells."""
    image = Image.new("RGB", (1654, 900), "white")
    draw = ImageDraw.Draw(image)
    xs = [101 + off, 433 + off, 780 + off, 1203 + off, 1502]
    ys = [120 + off + row * (height + 19) for row in range(7)]
    for x in xs:
        draw.line((x, ys[0], x, ys[-1]), (shade,) * 3, 1)
    for y in ys:
        draw.line((xs[0], y, xs[-1], y), (shade,) * 3, 1)
    lines = [
        ((x, y), (x + 100, y), (x + 100, y + height), (x, y + height))
        for y in (top + 8 for top in ys[:-1])
        for x in (left + 20 for left in xs[:-1])
    ]
    picture = np.asarray(image)
    return picture, Sheet(picture, np.array(lines, np.float32))


@pytest.mark.parametrize("shade", [0, 90, 130, 160])
@pytest.mark.parametrize("height", LINES)
def test_a_table_of_hairlines_is_one(height: int, shade: int) -> None:
    for off in range(4):
        (grid,) = ruled_grids(ruled(height, off, shade)[1])
        assert (grid.num_rows, grid.num_columns) == (6, 4)


@pytest.mark.parametrize("height", LINES)
def test_check_boxes_of_hairlines_are_seen(height: int) -> None:
    image = Image.new("RGB", (1400, 200), "white")
    draw = ImageDraw.Draw(image)
    for number in range(12):
        left, top = 100 + 101 * number, 80 + number % 2
        draw.rectangle((left, top, left + 30, top + 30), outline=(110,) * 3, width=1)
    grey = np.asarray(image.convert("L"))
    look = Look.at(grey, Small.at(grey, LINE / height))
    assert len(find_frames(look)) == 12
