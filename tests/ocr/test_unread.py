"""What looks like text and cannot be read is named, with its place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from shared.result import Box
from tests.ocr.drawn_tables import Paper, Picture
from tests.ocr.samples import picture_of, text_read
from worker.ocr.detection.sheet import Rotation, turned
from worker.ocr.reader import Reader


def page_with_strange_letters(seed: int) -> Picture:
    """Two lines, one of Vietnamese and one of English, and between them one in a script that
    nobody can read: its letters are made up."""
    paper = Paper(420).gap(40).text("Quyết định này có hiệu lực kể từ ngày ký.").gap(100)
    paper.text("This decision takes effect on the day of its signature.")
    picture = paper.picture.copy()
    chance = np.random.default_rng(seed)
    left = 80
    for _ in range(24):
        for _ in range(3):
            centre = left + int(chance.integers(0, 12)), 185 + int(chance.integers(-6, 7))
            size = int(chance.integers(2, 8)), int(chance.integers(2, 10))
            start = int(chance.integers(0, 360))
            cv2.ellipse(picture, centre, size, 0, start, start + 200, (0, 0, 0), 2, cv2.LINE_AA)
        left += 18 + 10 * int(chance.integers(0, 5) == 0)
    return picture


def spans(box: Box) -> tuple[float, float]:
    return min(y for _, y in box), max(y for _, y in box)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_line_that_cannot_be_read_is_named(reader: Reader, seed: int) -> None:
    page = reader.read(page_with_strange_letters(seed)).page
    assert text_read(page).split("\n") == [
        "Quyết định này có hiệu lực kể từ ngày ký.",
        "This decision takes effect on the day of its signature.",
    ]
    (warning,) = page.warnings
    assert warning.code == "unread"
    top, bottom = spans(warning.box)
    assert spans(page.lines[0].box)[1] < top < bottom < spans(page.lines[1].box)[0]


@pytest.mark.parametrize("rotation", [90, 180])
def test_its_place_is_that_on_the_upright_page(reader: Reader, rotation: Rotation) -> None:
    upright = reader.read(page_with_strange_letters(2)).page
    page = reader.read(turned(page_with_strange_letters(2), rotation)).page
    assert page.rotation == 360 - rotation
    assert np.allclose(page.warnings[0].box, upright.warnings[0].box, atol=12)


@pytest.mark.parametrize("name", ["decree", "receipt", "columns", "line", "short"])
def test_a_page_that_was_read_whole_has_no_warnings(reader: Reader, name: str) -> None:
    assert reader.read(picture_of(name)).page.warnings == ()
