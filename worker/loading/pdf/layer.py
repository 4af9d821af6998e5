"""The text layer of a PDF page: its words where it can be believed, else what is wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from worker.loading.pdf.characters import Character, characters
from worker.loading.pdf.legibility import nonsense
from worker.loading.pdf.marks import Mark, Rectangle, marks_of

_MAX_HIDDEN_SHARE = 0.2
_MAX_BAD_SHARE = 0.05
_MAX_TURNED_SHARE = 0.1
_PICTURE_SHARE = 0.3
_MIN_COVERED_SHARE = 0.25
"""Where pictures take 0.3 of a page, words must lie over 0.25 of them, or the pictures may hold
text themselves: a scan with a stamp or a page number over it has a tenth of that."""
_MIN_OUTLINES, _FEW_LETTERS = 300, 50
"""So many paths and so few letters: a drawing, or a text whose letters were turned into paths."""
_MOST_WORDS = 10_000
"""A page of a directory has 3,000; putting more in order takes the worker too long."""
_GRID = 48  # cells each way
_SAME_LINE = 0.5  # of the lower one's height
_WORD_GAP = 0.5
"""In heights: letters further apart are of two words even where the file has no space."""


@dataclass(frozen=True)
class LayerWord:
    """A word and its place in pixels of the rendered page; a turned one stands askew on it."""

    text: str
    place: Rectangle
    is_turned: bool


@dataclass(frozen=True)
class Layer:
    """The words of a page in the order of the file, or why they are not to be believed.

    `is_drawn_on`: besides text there are lines or shapes, which may be those of a table.
    """

    words: list[LayerWord]
    flaw: str | None
    is_drawn_on: bool = False


def read_layer(text_page: Any, page: Any, width: int, height: int, rotate: int) -> Layer:
    """Read and judge the text layer of a page that renders as `width` x `height` pixels."""
    marks = marks_of(page, width, height)
    found = list(characters(text_page, page, width, height, rotate, marks))
    shown = [c for c in found if c.text and not c.text.isspace() and _is_on(c, width, height)]
    seen = [c for c in shown if c.is_visible]
    words = _words(c for c in found if not c.text or (c.is_visible and _is_on(c, width, height)))
    flaw = (
        _flaw_of_characters(shown, seen)
        or _flaw_of_page(list(marks.values()), words, len(seen), width, height)
        or nonsense(word.text for word in words)
        or ("too many words" if len(words) > _MOST_WORDS else None)
    )
    return Layer([] if flaw else words, flaw)


def _is_on(character: Character, width: int, height: int) -> bool:
    left, top, right, bottom = character.place
    return 0 <= (left + right) / 2 <= width and 0 <= (top + bottom) / 2 <= height


def _flaw_of_characters(shown: Sequence[Character], seen: Sequence[Character]) -> str | None:
    if not any(c.text.isalnum() for c in seen):
        return "invisible" if shown else "empty"
    if len(shown) - len(seen) > _MAX_HIDDEN_SHARE * len(shown):
        return "invisible"
    if sum(not c.is_sound for c in seen) > _MAX_BAD_SHARE * len(seen):
        return "characters without a meaning"
    if sum(c.is_turned for c in seen) > _MAX_TURNED_SHARE * len(seen):
        return "turned"
    return None


def _flaw_of_page(
    marks: Sequence[Mark], words: Sequence[LayerWord], num_letters: int, width: int, height: int
) -> str | None:
    if num_letters < _FEW_LETTERS and sum(mark.is_path for mark in marks) >= _MIN_OUTLINES:
        return "outlines"
    pictures = _cells((mark.place for mark in marks if mark.is_picture), width, height)
    if len(pictures) < _PICTURE_SHARE * _GRID * _GRID:
        return None
    covered = pictures & _cells((word.place for word in words), width, height)
    return "pictures" if len(covered) < _MIN_COVERED_SHARE * len(pictures) else None


def _cells(places: Iterable[Rectangle], width: int, height: int) -> set[tuple[int, int]]:
    """The cells of a grid over the page that some places touch."""
    cells: set[tuple[int, int]] = set()
    for left, top, right, bottom in places:
        columns = _span(left / width, right / width)
        for row in _span(top / height, bottom / height):
            cells.update((row, column) for column in columns)
    return cells


def _span(start: float, end: float) -> range:
    return range(max(0, int(start * _GRID)), min(_GRID - 1, int(end * _GRID)) + 1)


def _words(found: Iterable[Character]) -> list[LayerWord]:
    groups: list[list[Character]] = [[]]
    for character in found:
        if not character.text or character.text.isspace():
            groups.append([])
            continue
        if groups[-1] and not _continues(groups[-1][-1], character):
            groups.append([])
        groups[-1].append(character)
    words = (_word(group) for group in groups if group)
    return [word for word in words if word.text]


def _continues(before: Character, after: Character) -> bool:
    if before.is_turned or after.is_turned:
        return before.is_turned and after.is_turned
    _, top, right, bottom = before.place
    left, next_top, _, next_bottom = after.place
    height = min(bottom - top, next_bottom - next_top)
    if min(bottom, next_bottom) - max(top, next_top) < _SAME_LINE * height:
        return False
    return -height < left - right < _WORD_GAP * height


def _word(group: Sequence[Character]) -> LayerWord:
    text = unicodedata.normalize("NFC", "".join(c.text for c in group if c.is_sound))
    place = (
        min(c.place[0] for c in group),
        min(c.place[1] for c in group),
        max(c.place[2] for c in group),
        max(c.place[3] for c in group),
    )
    return LayerWord(text, place, group[0].is_turned)
