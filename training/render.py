"""From a text to the picture of its line: the face, the ink, the neighbours, the crop."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.degrade import Degrader, Picture
from training.fonts import Face, load
from training.text import Texts

_OFFICE_SHARE = 0.36
_TIMES, _TIMES_SHARE = "Tinos Stacked", 0.2
_EXTREME = ("Thin", "Hairline", "Black", "ExtraLight", "Extra Light", "Heavy")
_FANCY = ("Lobster", "Pacifico", "Dancing Script", "Sriracha", "Comfortaa", "Space Mono", "Mali")
MAX_RATIO = 34.0
"""Width over height of the widest line made: 1,632 pixels at 48 high."""


@dataclass(frozen=True)
class Line:
    """A synthetic line: an RGB crop (H, W, 3) and its label."""

    crop: Picture
    text: str


@dataclass(frozen=True)
class _Setting:
    """How one line is set: all lengths in pixels."""

    font: ImageFont.FreeTypeFont
    tracking: float
    word_gap: float
    stretch: float


class Renderer:
    """Draws lines for ever; the same seed gives the same lines."""

    def __init__(self, corpus: Path, seed: int, *, held_out: bool = False) -> None:
        """Use the faces for training, or with `held_out` those kept for tests."""
        self._rng = random.Random(seed)
        self._texts = Texts(corpus, self._rng)
        self._degrader = Degrader(self._rng, seed)
        faces = load(held_out)
        self._office = _by_family([face for face in faces if face.office])
        self._times = _by_family([face for face in faces if face.family == _TIMES])
        self._others = _by_family([face for face in faces if not face.office])
        self.max_ratio = MAX_RATIO

    def draw(self) -> Line:
        """One line, with its neighbours and its wear."""
        while True:
            text = self._texts.draw()
            face = self._face_for(text)
            if face is None:
                continue
            ink = self._ink(text, face)
            height, width = ink.shape
            if height >= 8 and 4 <= width <= height * self.max_ratio:
                return Line(self._degrader.wear(ink), text)

    def _face_for(self, text: str) -> Face | None:
        rng = self._rng
        for _ in range(4):
            groups = self._others
            if self._times and rng.random() < _TIMES_SHARE:
                groups = self._times
            elif self._office and rng.random() < _OFFICE_SHARE:
                groups = self._office
            face = rng.choice(rng.choice(groups))
            if any(word in face.style for word in _EXTREME) and rng.random() < 0.8:
                continue
            if face.family in _FANCY and rng.random() < 0.6:
                continue
            if "Italic" in face.style and rng.random() < 0.3:
                continue
            if not set(face.missing) & set(text):
                return face
        return None

    def _ink(self, text: str, face: Face) -> Picture:
        """The line's ink (H, W), 255 where there is ink, cut out as a detector would."""
        rng = self._rng
        size = int(np.clip(rng.gauss(31, 8), 14, 56))
        if rng.random() < 0.14:  # the size at which screens show text, with the hinting it gets
            size = rng.randint(12, 19)
        font = _font(face.path, face.index, size)
        setting = self._setting(font, text, size)
        line = _set(text, setting)
        top, left, bottom, right = _extents(line)
        if bottom <= top:
            return np.zeros((1, 1), np.uint8)
        if rng.random() < 0.3:  # a line without tall or deep letters in a box for all
            ascent, descent = font.getmetrics()
            top, bottom = min(top, size), max(bottom, size + ascent + descent - size // 4)
        tall = bottom - top
        tightness = rng.choice([(-0.02, 0.08), (0.06, 0.25), (0.06, 0.25), (0.1, 0.45)])
        pads = [rng.uniform(*tightness) * tall for _ in range(2)]
        sides = [rng.uniform(-0.02, 0.35) * tall for _ in range(2)]
        if rng.random() < 0.09:  # a box that runs on over empty paper
            sides[rng.randint(0, 1)] += rng.uniform(0.5, 5) * tall
        box = (
            round(left - sides[0]),
            round(top - pads[0]),
            round(right + sides[1]),
            round(bottom + pads[1]),
        )
        page = Image.fromarray(line)
        cut = np.array(page.crop(box))
        if rng.random() < 0.16:
            self._peek(cut, setting, pads, tall)
        if setting.stretch != 1.0:
            wide = max(4, round(cut.shape[1] * setting.stretch))
            cut = np.array(
                Image.fromarray(cut).resize((wide, cut.shape[0]), Image.Resampling.BILINEAR)
            )
        return cut

    def _setting(self, font: ImageFont.FreeTypeFont, text: str, size: int) -> _Setting:
        rng = self._rng
        tracking = 0.0
        if rng.random() < 0.05 and len(text) < 40:
            tracking = size * rng.uniform(0.05, 0.4 if text.isupper() else 0.15)
        elif rng.random() < 0.05:
            tracking = -size * rng.uniform(0.01, 0.035)
        word_gap = 0.0
        chance = rng.random()
        if chance < 0.25:  # justified
            word_gap = size * rng.uniform(0.0, 0.5)
        elif chance < 0.33:  # set tight, as in narrow forms
            word_gap = -size * rng.uniform(0.0, 0.1)
        elif chance < 0.35:  # columns of a table
            word_gap = size * rng.uniform(0.5, 2.0)
        stretch = rng.uniform(0.7, 1.25) if rng.random() < 0.25 else 1.0
        return _Setting(font, tracking, word_gap, stretch)

    def _peek(self, cut: Picture, setting: _Setting, pads: list[float], tall: int) -> None:
        """Let the feet of the line above or the heads of the line below show at the rim."""
        rng = self._rng
        other = _set(self._texts.draw()[:160], setting)
        top, left, bottom, right = _extents(other)
        strip = other[top:bottom, left:right]
        height, width = cut.shape
        for above in rng.choice([(True,), (False,), (True, False)]):
            pad = pads[0] if above else pads[1]
            seen = int(min(max(pad, 1) + 0.04 * tall, rng.uniform(0.04, 0.3) * tall, len(strip)))
            if seen < 1:
                continue
            part = strip[-seen:] if above else strip[:seen]
            start = rng.randint(-width // 3, max(1, width // 2))
            source, target = max(0, -start), max(0, start)
            part = part[:, source : source + width - target]
            rows = slice(0, seen) if above else slice(height - seen, height)
            spot = cut[rows, target : target + part.shape[1]]
            np.maximum(spot, part[: spot.shape[0]], out=spot)


def _by_family(faces: list[Face]) -> list[list[Face]]:
    groups: dict[str, list[Face]] = {}
    for face in faces:
        groups.setdefault(face.family, []).append(face)
    return list(groups.values())


@lru_cache(maxsize=1500)
def _font(path: str, index: int, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index, layout_engine=ImageFont.Layout.BASIC)


def _set(text: str, setting: _Setting) -> Picture:
    """Set a line in ink on an empty canvas, one font size of room all around it."""
    font = setting.font
    room = int(font.size)
    ascent, descent = font.getmetrics()
    high = ascent + descent + 2 * room
    if not setting.tracking and not setting.word_gap:
        wide = int(font.getlength(text)) + 2 * room
        canvas = Image.new("L", (wide, high))
        ImageDraw.Draw(canvas).text((room, room), text, fill=255, font=font)
        return np.array(canvas)
    pieces = list(text) if setting.tracking else _words(text)
    gaps = [setting.tracking + (setting.word_gap if piece[-1] == " " else 0) for piece in pieces]
    lengths = [font.getlength(piece) for piece in pieces]
    canvas = Image.new("L", (int(sum(lengths) + sum(gaps)) + 2 * room, high))
    draw = ImageDraw.Draw(canvas)
    x = float(room)
    for piece, length, gap in zip(pieces, lengths, gaps, strict=True):
        draw.text((x, room), piece, fill=255, font=font)
        x += length + gap
    return np.array(canvas)


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + words[-1:]


def _extents(ink: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the ink; bottom and right are one past it."""
    rows = np.flatnonzero(ink.max(axis=1) > 40)
    columns = np.flatnonzero(ink.max(axis=0) > 40)
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
