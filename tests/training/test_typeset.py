"""Setting lines, and the faces that are made with their tones elsewhere."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import ImageFont

from training.lines.stacked import SQUEEZED, VARIANTS, WAVY, Stacking, stack
from training.lines.typeset import Setting, extents, set_line

FONT = ImageFont.load_default(24)
SIGNS = {"\u0300": 80, "\u0301": 80, "\u0309": 80, "\u0303": 40}
"""Tone marks and their heights."""


def width(text: str, **how: object) -> int:
    top, left, bottom, right = extents(set_line(text, Setting(FONT, **how)))  # type: ignore[arg-type]
    assert bottom > top
    return right - left


def test_letters_and_words_stand_as_far_apart_as_they_are_told() -> None:
    assert width("ab cd", word_gap=10.0) == pytest.approx(width("ab cd") + 10, abs=1)
    assert width("ab cd", tracking=5.0) == pytest.approx(width("ab cd") + 20, abs=3)


@pytest.mark.parametrize("text", ["ab ", "a  b", " a"])
def test_spaces_at_any_place_can_be_set(text: str) -> None:
    assert width(text, word_gap=4.0) > 0
    assert width(text, tracking=2.0) > 0


def test_a_line_goes_on_in_its_second_font_on_the_same_base() -> None:
    larger = ImageFont.load_default(34)
    both = set_line("HH HH", Setting(FONT, second=larger, turn=1))
    columns = np.flatnonzero(both.max(axis=0) > 40)
    feet = [np.flatnonzero(both[:, x] > 40)[-1] for x in (columns[0], columns[-1])]
    assert feet[0] == pytest.approx(feet[1], abs=1)


def test_a_typewriter_strikes_each_letter_by_itself() -> None:
    struck = set_line("nnnnnnnn", Setting(FONT, strikes=random.Random(4)))
    assert len({int(column.max()) for column in struck.T if column.max() > 100}) > 3


def box(*rectangles: tuple[int, int, int, int]) -> object:
    pen = TTGlyphPen(None)
    for left, bottom, right, top in rectangles:
        pen.moveTo((left, bottom))
        for corner in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()


@pytest.fixture
def plain_font(tmp_path: Path) -> Path:
    """E is 700 high, its circumflex 100, and in `Ế` the acute stands beside it."""
    glyphs = {
        ".notdef": box(),
        "E": box((50, 0, 450, 700)),
        "Ecircumflex": box((50, 0, 450, 700), (200, 750, 300, 850)),
        "Eboth": box((50, 0, 450, 700), (200, 750, 300, 850), (320, 750, 400, 850)),
    } | {f"sign{ord(sign)}": box((0, 750, 60, 750 + high)) for sign, high in SIGNS.items()}
    codes = {ord("E"): "E", ord("Ê"): "Ecircumflex", ord("Ế"): "Eboth"}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(codes | {ord(sign): f"sign{ord(sign)}" for sign in SIGNS})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (500, 0) for name in glyphs})
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": "Plain", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "plain.ttf")
    return tmp_path / "plain.ttf"


def top_of(source: Path, how: Stacking) -> float:
    target = source.with_name("made.ttf")
    assert stack(source, target, how)
    font = TTFont(target)
    assert font["name"].getDebugName(1) == f"Plain {how.label}"
    pen = BoundsPen(font.getGlyphSet())
    font.getGlyphSet()["Eboth"].draw(pen)
    return float(pen.bounds[3])


def test_a_stacked_tone_stands_on_the_circumflex_and_a_squeezed_one_presses_it_flat(
    plain_font: Path,
) -> None:
    stacked, squeezed = top_of(plain_font, VARIANTS[0]), top_of(plain_font, SQUEEZED[0])
    assert stacked == pytest.approx(850 + 5 + 0.85 * 80, abs=1)
    assert squeezed == pytest.approx(700 + 0.45 * 150 - 10 + 0.95 * 80, abs=1)


def test_a_font_without_the_marks_is_left_out(plain_font: Path, tmp_path: Path) -> None:
    font = TTFont(plain_font)
    for table in font["cmap"].tables:
        table.cmap.pop(0x0309, None)
    font.save(tmp_path / "poor.ttf")
    assert not stack(tmp_path / "poor.ttf", tmp_path / "never.ttf", WAVY)
