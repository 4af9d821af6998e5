"""What the lines of a page are: headings by the size of their letters, items, text, tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from shared.result import Line, Page, Table, blocks, bounds

_LARGE, _LARGER = 1.3, 1.75
"""In heights of the page's usual line: from here on a short line is a heading of the second, of the
first level. Lines with and without marks above their letters differ by up to a fifth."""
_MAX_HEADING_LENGTH = 120  # characters
_MIN_LINES = 3
"""With fewer lines than this nothing says what size is usual on a page."""
_SAME_ROW = 0.5
"""The share of the lower one's height that two lines beside each other have in common."""
_FULL = 0.9
"""The share of its paragraph's width that a line has which goes on in the next one."""

_BULLET = re.compile(r"[•●▪■◦‣·∙*–—+-]\s+(?=\S)")
_NUMBER = re.compile(r"(\d{1,3})([.)])\s+(?=\S)")


@dataclass(frozen=True)
class Heading:
    """A line in large letters; `level` is 1 or 2."""

    level: int
    text: str


@dataclass(frozen=True)
class Text:
    """Lines of one paragraph, or of an item, whose `marker` is a bullet or a number like `2.`."""

    lines: tuple[Line, ...]
    marker: str = ""

    @property
    def texts(self) -> list[str]:
        """The text of each line, without the marker."""
        texts = [line.text for line in self.lines]
        return [_unmarked(texts[0])[1], *texts[1:]] if self.marker else texts

    @property
    def flowing(self) -> list[str]:
        """The same with lines put together that go on in the next one."""
        edges = [bounds(line.box) for line in self.lines]
        left, right = min(edge[0] for edge in edges), max(edge[2] for edge in edges)
        parts: list[str] = []
        goes_on = False
        for text, edge in zip(self.texts, edges, strict=True):
            if goes_on:
                parts[-1] += f" {text}"
            else:
                parts.append(text)
            goes_on = edge[2] - left >= _FULL * (right - left)
        return parts


Part = Heading | Text | Table


def structure(page: Page) -> Iterator[Part]:
    """The parts of a page in reading order."""
    usual = _usual_height(page.lines)
    for block in blocks(page):
        if isinstance(block, Table):
            yield block
        else:
            yield from _parts(block, usual)


def _parts(lines: Sequence[Line], usual: float | None) -> Iterator[Part]:
    open_text: Text | None = None
    for row in _rows(lines):
        level = _heading_level(row, usual)
        for line in row:
            marker = _unmarked(line.text)[0]
            if open_text and not level and not marker and (len(row) == 1 or open_text.marker):
                open_text = Text((*open_text.lines, line), open_text.marker)
                continue
            if open_text:
                yield open_text
            if level:
                yield Heading(level, line.text)
            open_text = None if level else Text((line,), marker)
    if open_text:
        yield open_text


def _unmarked(text: str) -> tuple[str, str]:
    """The marker of an item, and what follows it."""
    if match := _BULLET.match(text):
        return "•", text[match.end() :]
    if match := _NUMBER.match(text):
        return match[1] + match[2], text[match.end() :]
    return "", text


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand beside each other, from left to right, together."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and _is_beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _is_beside(one: Line, other: Line) -> bool:
    _, top, right, bottom = bounds(one.box)
    left, other_top, _, other_bottom = bounds(other.box)
    common = min(bottom, other_bottom) - max(top, other_top)
    return left >= right and common > _SAME_ROW * min(bottom - top, other_bottom - other_top)


def _usual_height(lines: Iterable[Line]) -> float | None:
    heights = [(_height(line), len(line.text)) for line in lines]
    if len(heights) < _MIN_LINES:
        return None
    # Each line counts by its letters: a page of headings with few words is still set in its body.
    return median(height for height, length in heights for _ in range(max(1, length // 8)))


def _height(line: Line) -> float:
    # Along the line's own upright: the rectangle around a slanting line is higher than its text.
    (ax, ay), _, _, (dx, dy) = line.box
    return float(((ax - dx) ** 2 + (ay - dy) ** 2) ** 0.5)


def _heading_level(row: Sequence[Line], usual: float | None) -> int:
    if usual is None or len(row) != 1:
        return 0
    line = row[0]
    is_long = len(line.text) > _MAX_HEADING_LENGTH
    if is_long or line.text.endswith((",", ";")) or not any(c.isalpha() for c in line.text):
        return 0
    size = _height(line) / usual
    return 1 if size >= _LARGER else 2 if size >= _LARGE else 0
