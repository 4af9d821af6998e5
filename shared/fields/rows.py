"""The lines of the pages as templates look at them: without diacritics, with places of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod
from statistics import median
from typing import Any

from shared.result import Box, Line, Page, Word, bounds

_A_SPACE = 0.35
"""Of a line's height: what lies between two words, and hardly between two columns."""
_MOST_LEAN = 0.2


@lru_cache(4096)
def _plain(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0].lower()
    base = {"đ": "d", "–": "-", "—": "-", "−": "-"}.get(base, base)
    return base if len(base) == 1 else char


def fold(text: str) -> str:
    """The text in lower case and without diacritics, each character in its place."""
    return "".join(map(_plain, text))


@dataclass(frozen=True, eq=False)
class Row:
    """A line of a page."""

    line: Line
    page: int
    width: int
    height: int
    lean: float = 0.0

    @cached_property
    def text(self) -> str:
        """What stands there."""
        return unicodedata.normalize("NFC", self.line.text)

    @cached_property
    def folded(self) -> str:
        """The same without diacritics."""
        return fold(self.text)

    @cached_property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, on the page put straight."""
        return straight(self.line.box, self.lean)

    @property
    def tall(self) -> float:
        """How high the line is."""
        return max(1.0, self.edges[3] - self.edges[1])

    @property
    def middle(self) -> float:
        """Its vertical middle, in parts of the page."""
        return (self.edges[1] + self.edges[3]) / 2 / max(1, self.height)

    @cached_property
    def _spans(self) -> list[tuple[int, int, Word]]:
        spans, at = [], 0
        for word in self.line.words:
            start = self.text.find(unicodedata.normalize("NFC", word.text), at)
            if start >= 0:
                at = start + len(word.text)
                spans.append((start, at, word))
        return spans

    def words(self, start: int, end: int) -> list[Word]:
        """The words that stand between two places of the text."""
        return [word for first, last, word in self._spans if first < end and last > start]


@dataclass(frozen=True)
class Piece:
    """A part of a row."""

    row: Row
    start: int
    end: int

    @property
    def text(self) -> str:
        """What is written there."""
        return self.row.text[self.start : self.end].strip()

    @property
    def words(self) -> list[Word]:
        """Its words."""
        return self.row.words(self.start, self.end)


def rows_of(pages: Iterable[Page]) -> list[Row]:
    """The rows of the pages, in reading order; what a cell's edge has parted is one again."""
    rows: list[Row] = []
    for page in pages:
        lean = _lean(page)
        for line in page.lines:
            row = Row(line, page.page, page.width, page.height, lean)
            if rows and _goes_on(rows[-1], row):
                row = replace(row, line=_joined(rows.pop().line, line))
            rows.append(row)
    return rows


def straight(box: Box, lean: float) -> tuple[float, float, float, float]:
    """The bounds of a box on a page whose lines fall by `lean` for each pixel to the right."""
    places = [(x + lean * y, y - lean * x) for x, y in box]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    return min(xs), min(ys), max(xs), max(ys)


def _lean(page: Page) -> float:
    """How lines fall, by the middle one of those that are long enough to tell."""
    leans = []
    for line in page.lines:
        (left, top), (right, low), *_ = line.box
        if right - left > 4 * (line.box[3][1] - top) > 0:
            leans.append((low - top) / (right - left))
    found = median(leans) if leans else 0.0
    return found if abs(found) < _MOST_LEAN else 0.0


def _goes_on(one: Row, other: Row) -> bool:
    level = abs(one.edges[1] + one.edges[3] - other.edges[1] - other.edges[3]) / 2
    gap = other.edges[0] - one.edges[2]
    nearest = min(one.tall, other.tall)
    return one.page == other.page and level < 0.3 * nearest and abs(gap) < _A_SPACE * nearest


def _joined(one: Line, other: Line) -> Line:
    return Line(
        text=f"{one.text} {other.text}",
        confidence=one.confidence * other.confidence,
        box=(one.box[0], other.box[1], other.box[2], one.box[3]),
        words=one.words + other.words,
        source=one.source,
    )


def cut_apart(rows: Sequence[Row], pattern: Any) -> list[Row]:
    """The rows, with what the pattern finds (its group `value`, else all) in a row of its own:
    blocks that nearly touch."""
    found: list[Row] = []
    for row in rows:
        match = pattern.search(row.folded)
        parts = [row.words(start, end) for start, end in _spans_of(match, row)] if match else []
        parts = [words for words in parts if words]
        found += [_part(row, words) for words in parts] if len(parts) > 1 else [row]
    return found


def _spans_of(match: Any, row: Row) -> list[tuple[int, int]]:
    group = match.re.groupindex.get("value", 0)
    start, end = match.span(group) if match.start(group) >= 0 else match.span()
    return [(0, start), (start, end), (end, len(row.text))]


def _part(row: Row, words: list[Word]) -> Row:
    first, last = words[0].box, words[-1].box
    line = row.line.model_copy(
        update={
            "text": " ".join(word.text for word in words),
            "words": words,
            "box": (first[0], last[1], last[2], first[3]),
        }
    )
    return replace(row, line=line)


def whole(row: Row) -> Piece:
    """All of a row."""
    return Piece(row, 0, len(row.text))


def chance(words: Sequence[Word]) -> float:
    """That all of the words are right."""
    return prod(word.confidence for word in words)


def around(boxes: Sequence[Box]) -> Box:
    """The upright box around all of them; a single one is left as it stands."""
    if len(boxes) == 1:
        return boxes[0]
    edges = [bounds(box) for box in boxes]
    left, top = min(edge[0] for edge in edges), min(edge[1] for edge in edges)
    right, bottom = max(edge[2] for edge in edges), max(edge[3] for edge in edges)
    return (left, top), (right, top), (right, bottom), (left, bottom)
