"""Setting a line: its letters in ink on an empty canvas, at given sizes and distances."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.wear.degrade import Picture
from worker.ocr.recognition.charset import CHARACTERS

_TAB = "\t"
"""Stands in texts between two columns, which are one space apart for the reader."""
_WORDS = re.compile(r"[^ \t]* |[^ \t]+|\t")
_CAPITALS = "".join(char for char in CHARACTERS if char.isupper())
_CASES = re.compile(f"[{_CAPITALS}]+|[^{_CAPITALS}]+")


@dataclass(frozen=True)
class Setting:
    """How one line is set: all lengths in pixels."""

    font: ImageFont.FreeTypeFont
    tracking: float = 0.0
    word_gap: float = 0.0
    stretch: float = 1.0
    second: ImageFont.FreeTypeFont | None = None
    """The font of the words from number `turn` on."""
    turn: int = 0
    columns: tuple[float, ...] = (0.0,)
    """The gaps at the tabs of a text, taken in turn."""
    small: ImageFont.FreeTypeFont | None = None
    """Where given, what capitals are drawn with: tills draw them no higher than small letters."""
    strikes: random.Random | None = None
    """Where given, each letter is struck by itself: not quite level, not equally dark."""


@lru_cache(maxsize=1500)
def font_of(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    """A face at a size in pixels."""
    return ImageFont.truetype(path, size, index, layout_engine=ImageFont.Layout.BASIC)


def set_line(text: str, setting: Setting) -> Picture:
    """Set a line in ink (H, W), with one font size of room all around it."""
    room = int(setting.font.size)
    fonts = [font for font in (setting.font, setting.second, setting.small) if font]
    ascent = max(font.getmetrics()[0] for font in fonts)
    descent = max(font.getmetrics()[1] for font in fonts)
    pieces = list(_pieces(text, setting))
    lengths = [font.getlength(piece) for piece, font in pieces]
    columns = itertools.cycle(setting.columns)
    gaps = [
        setting.tracking
        + (setting.word_gap if piece.endswith(" ") else 0)
        + (next(columns) if piece == _TAB else 0)
        for piece, _ in pieces
    ]
    size = (int(sum(lengths) + sum(gaps)) + 2 * room, ascent + descent + 2 * room)
    canvas = Image.new("L", size)
    draw = ImageDraw.Draw(canvas)
    x, base = float(room), room + ascent
    for (piece, font), length, gap in zip(pieces, lengths, gaps, strict=True):
        y, dark = base, 255
        if strikes := setting.strikes:
            y += round(strikes.gauss(0, 0.02) * room)
            dark = strikes.randint(130, 255)
        if piece != _TAB:
            draw.text((x, y), piece, fill=dark, font=font, anchor="ls")
        x += length + gap
    return np.array(canvas)


def extents(ink: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the ink; bottom and right are one past it."""
    rows = np.flatnonzero(ink.max(axis=1) > 40)
    columns = np.flatnonzero(ink.max(axis=0) > 40)
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _pieces(text: str, setting: Setting) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    """The parts that are placed one after the other, each with its font."""
    whole = not (setting.tracking or setting.word_gap or setting.second or setting.strikes)
    if whole and _TAB not in text and not setting.small:
        return [(text, setting.font)]
    parted = bool(setting.tracking or setting.strikes)
    pieces = []
    for number, word in enumerate(_WORDS.findall(text)):
        font = setting.second if setting.second and number >= setting.turn else setting.font
        parts = list(word) if parted else _CASES.findall(word) if setting.small else [word]
        pieces += [
            (part, setting.small if setting.small and part[0].isupper() else font) for part in parts
        ]
    return pieces
