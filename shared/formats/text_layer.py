"""The invisible text of a page as PDF operators: each word exactly over its box."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from shared.formats.glyphless import ADVANCE, encoded
from shared.result import Line, Page, Point, Word

_MIN_SIZE = 0.01  # points
_MIN_SPACE, _MIN_KEPT = 0.25, 0.3
"""Boxes of words may touch, but what is nearer than 0.15 font sizes pdftotext takes for one word,
whatever stands between. So a word ends early, but keeps 0.3 of its length."""
_LEAST_SPACE, _LEAST_LENGTH = 0.17, 0.03
"""A dash is short: it keeps less than that, and what follows starts later where it must."""
_STEEP, _MAX_RISE = math.tan(math.radians(10)), 0.5
"""Words that slope no more, and rise by no more of their height, are written level: of a page that
was photographed askew pdftotext cuts up every word that rises by half a point."""
_SPECIAL = re.compile(rb"[()\\]")
_INVISIBLE = 3  # text rendering mode (PDF 1.7, table 106)


@dataclass(frozen=True)
class PageBox:
    """Where a page lies in user space, and how far it is turned clockwise to become the result's.

    `turn` is the page's own /Rotate and the reader's turn together.
    """

    left: float
    bottom: float
    right: float
    top: float
    turn: int

    def place(self, page: Page, point: Point) -> Point:
        """A point of the result, in pixels, in user space.

        Only shares of the page's sides count, so resolution and UserUnit do not matter.
        """
        across, down = point[0] / page.width, point[1] / page.height
        a, b = {
            0: (across, down),
            90: (down, 1 - across),
            180: (1 - across, 1 - down),
            270: (1 - down, across),
        }[self.turn % 360]
        return (
            self.left + a * (self.right - self.left),
            self.top - b * (self.top - self.bottom),
        )


def text_layer(page: Page, box: PageBox, font: str) -> bytes:
    """The operators that write all lines of a page; `font` is the name of the resource."""
    if not page.lines:
        return b""
    rows = [f"q BT {_INVISIBLE} Tr".encode()]
    rows += [_line(page, box, line, font) for line in page.lines]
    return b"\n".join([*rows, b"ET Q\n"])


@dataclass(frozen=True)
class _Place:
    """Where a word starts on its baseline, which way it goes, how long and how high it is."""

    x: float
    y: float
    cos: float
    sin: float
    length: float
    height: float

    @classmethod
    def of(cls, page: Page, box: PageBox, word: Word | Line) -> _Place:
        top_left, _, end, start = (box.place(page, point) for point in word.box)
        across, along = end[0] - start[0], end[1] - start[1]
        height = math.hypot(top_left[0] - start[0], top_left[1] - start[1])
        x, y = start
        if abs(along) <= min(_STEEP * abs(across), _MAX_RISE * height):
            y, along = y + along / 2, 0.0
        elif abs(across) <= min(_STEEP * abs(along), _MAX_RISE * height):
            x, across = x + across / 2, 0.0
        length = math.hypot(across, along)
        cos, sin = (across / length, along / length) if length else (1.0, 0.0)
        return cls(x, y, cos, sin, max(length, _MIN_SIZE), max(height, _MIN_SIZE))

    def moved(self, distance: float) -> _Place:
        """This word without so much of its beginning."""
        length = max(self.length - distance, _MIN_SIZE)
        x, y = self.x + distance * self.cos, self.y + distance * self.sin
        return replace(self, x=x, y=y, length=length)

    def distance_to(self, other: _Place) -> float:
        """From the start of this word to the start of another, along this one."""
        return (other.x - self.x) * self.cos + (other.y - self.y) * self.sin


def _line(page: Page, box: PageBox, line: Line, font: str) -> bytes:
    given = line.words or (Word(text=line.text, confidence=line.confidence, box=line.box),)
    words = [word for word in given if word.text]
    size = _Place.of(page, box, line).height
    places = [_Place.of(page, box, word) for word in words]
    rows = [f"/{font} {size:.1f} Tf".encode()]
    for index, (word, place) in enumerate(zip(words, places, strict=True)):
        if index + 1 == len(words):
            rows.append(_moved_to(place) + _shown(word.text, place.length, size))
            break
        ahead = place.distance_to(places[index + 1])
        least = (_LEAST_SPACE + _LEAST_LENGTH) * size
        if 0 <= ahead < least:
            places[index + 1] = places[index + 1].moved(least - ahead)
            ahead = least
        kept = max(min(_MIN_KEPT * place.length, ahead - _LEAST_SPACE * size), _MIN_SIZE)
        length = min(place.length, max(ahead - _MIN_SPACE * size, kept))
        rows.append(_moved_to(place) + _shown(word.text, length, size))
        rows.append(_shown(" ", max(ahead - length, _LEAST_SPACE * size), size))
    return b"\n".join(rows)


def _moved_to(place: _Place) -> bytes:
    cos, sin, minus = (f"{round(v, 4):g}" for v in (place.cos, place.sin, 0.0 - place.sin))
    return f"{cos} {sin} {minus} {cos} {place.x:.1f} {place.y:.1f} Tm ".encode()


def _shown(text: str, length: float, size: float) -> bytes:
    """Text stretched to a length in points."""
    stretch = 100 * length / (len(text) * ADVANCE * size)
    number = f"{stretch:.0f}" if stretch >= 100 else f"{stretch:.1f}"
    return b"%s Tz %s Tj" % (number.encode(), _literal(encoded(text)))


def _literal(data: bytes) -> bytes:
    """A string as PDF writes it (PDF 1.7, 7.3.4.2): half as long as in hexadecimal."""
    return b"(%s)" % _SPECIAL.sub(rb"\\\g<0>", data).replace(b"\r", b"\\r")
