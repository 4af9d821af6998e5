"""The lines of the pages as templates look at them: without diacritics, with places of words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

from shared.result import Box, Line, Page, Word, bounds


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
        """Left, top, right, bottom."""
        return bounds(self.line.box)

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
    """The rows of the pages, in reading order."""
    return [Row(line, page.page, page.width, page.height) for page in pages for line in page.lines]


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
