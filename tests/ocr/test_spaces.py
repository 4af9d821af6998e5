"""Spaces that the network doubts are where the ink has a gap, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from worker.ocr.reader import Reader
from worker.ocr.recognition.ctc import characters_of
from worker.ocr.recognition.spaces import _percentile, settled

CHARACTERS = "AB4or "


def line(text: str, *, size: int, face: str = "DejaVuSans", space: float = 1.0) -> Picture:
    """A text whose spaces are some share of what the font has."""
    font = ImageFont.truetype(FONTS / f"{face}.ttf", size)
    image = Image.new("RGB", (120 + round(font.getlength(text)), 3 * size), "white")
    x = 60.0
    for word in text.split(" "):
        ImageDraw.Draw(image).text((x, 2 * size), word, "black", font, anchor="ls")
        x += font.getlength(word) + space * font.getlength(" ")
    return np.asarray(image)


@pytest.mark.parametrize("size", [30, 80])
@pytest.mark.parametrize("space", [1.0, 0.75])
@pytest.mark.parametrize("text", ["A or B", "x or y", "Mục A và B", "Lô A B C"])
def test_spaces_beside_lone_letters_are_read(
    reader: Reader, text: str, space: float, size: int
) -> None:
    assert text_read(reader.read(line(text, size=size, space=space)).page) == text


@pytest.mark.parametrize("size", [30, 60])
@pytest.mark.parametrize("face", ["DejaVuSans", "DejaVuSans-Bold"])
@pytest.mark.parametrize("text", ["XY42Z7", "Mã VY42Z7", "Code AY47K9"])
def test_a_code_of_letters_and_figures_is_one_word(
    reader: Reader, text: str, face: str, size: int
) -> None:
    assert text_read(reader.read(line(text, size=size, face=face)).page) == text


CELL, STEP = 48, 8
"""Pixels of a letter with the gap after it, and of a time step."""


def as_settled(text: str, *gaps: int, seen: float = 0.0, sure: float = 1.0) -> str:
    """The text once its spaces were looked at: it was read with spaces that are as `sure`, and one
    was `seen` after each of its letters. A space is a time step, `gaps` are those of the ink."""
    space = CHARACTERS.index(" ") + 1
    classes, chances, columns = [], [], []
    for letter, gap in zip(text, gaps, strict=True):
        if letter == " ":
            classes.append((space, 0))
            chances.append((sure, 1 - sure))
            columns += [False] * STEP
            continue
        classes += [(CHARACTERS.index(letter) + 1, 0)] * 2 + [(0, space)] * 4
        chances += [(1.0, 0.0)] * 2 + [(1 - seen, seen)] * 4
        columns += [True] * (CELL - gap) + [False] * gap
    picture = np.full((CELL, len(columns), 3), 255, np.uint8)
    picture[16:30, columns] = 0
    best, shares = np.array(classes), np.array(chances)
    decoded = characters_of([best[:, 0]], [shares[:, 0]], CHARACTERS)
    asked = [best], [shares], CHARACTERS
    found = settled(decoded, *asked, lambda _: (picture, float(len(classes))))
    return "".join(found.texts)


def test_where_the_network_has_no_doubt_the_ink_is_not_asked() -> None:
    assert as_settled("AorB", 24, 2, 24, 0) == "AorB"
    assert as_settled("AorB", 24, 2, 24, 0, seen=0.02) == "A or B"
    assert as_settled("AorB", 4, 3, 4, 0, seen=0.02) == "AorB"


def test_a_space_as_narrow_as_what_is_between_letters_is_none() -> None:
    assert as_settled("AB 4or", 14, 4, 0, 14, 15, 0, sure=0.6) == "AB4or"
    assert as_settled("AB 4or", 14, 20, 0, 14, 15, 0, sure=0.6) == "AB 4or"
    assert as_settled("AB 4or", 14, 4, 0, 14, 15, 0, sure=0.99) == "AB 4or"


def test_figures_stay_together_and_so_does_what_has_few_gaps() -> None:
    assert as_settled("4444", 24, 2, 24, 0, seen=0.02) == "4444"
    assert as_settled("BoA", 2, 24, 0, seen=0.02) == "BoA"


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (7, 30), (35, 700)])
def test_percentiles_by_counts_are_those_of_numpy(shape: tuple[int, int]) -> None:
    levels = np.random.default_rng(5).integers(0, 256, shape).astype(np.uint8)
    for share in (0.5, 0.99, 1.0):
        assert _percentile(levels, share) == pytest.approx(np.percentile(levels, 100 * share))
