"""A PDF page's own words, put in reading order like those that were read from its picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shared.result import Box, Line, Page, Word
from worker.loading.pdf.layer_json import PageLayer, PlacedWord
from worker.ocr.layout.layout import lines_in_order
from worker.ocr.layout.pieces import WIDE_GAP, Piece

_SAME_LINE = 0.6  # of the lower one's height


def page_of(layer: PageLayer, number: int) -> Page:
    """The page of a layer without a flaw. Words that stand askew come last, each a line."""
    upright = [word for word in layer.words if not word.is_turned]
    askew = [word for word in layer.words if word.is_turned]
    lines = lines_in_order([_piece(group) for group in _groups(upright)])
    return Page(
        page=number,
        width=layer.width,
        height=layer.height,
        source="text_layer",
        lines=(*lines, *(_alone(word) for word in askew)),
    )


def _groups(words: Sequence[PlacedWord]) -> list[list[PlacedWord]]:
    """Words that follow each other on a line without a wide gap."""
    groups: list[list[PlacedWord]] = []
    for word in words:
        if not groups or not _follows(groups[-1][-1], word):
            groups.append([])
        groups[-1].append(word)
    return groups


def _follows(before: PlacedWord, after: PlacedWord) -> bool:
    height = min(before.bottom - before.top, after.bottom - after.top)
    common = min(before.bottom, after.bottom) - max(before.top, after.top)
    return common >= _SAME_LINE * height and 0 <= after.left - before.right <= WIDE_GAP * height


def _piece(group: Sequence[PlacedWord]) -> Piece:
    left, right = group[0].left, group[-1].right
    top, bottom = min(w.top for w in group), max(w.bottom for w in group)
    quad = np.array(_corners(left, top, right, bottom), np.float32)
    return Piece(quad, tuple(_word(word) for word in group))


def _alone(word: PlacedWord) -> Line:
    placed = _word(word)
    return Line(text=word.text, confidence=1, box=placed.box, words=(placed,))


def _word(word: PlacedWord) -> Word:
    box = _corners(word.left, word.top, word.right, word.bottom)
    return Word(text=word.text, confidence=1, box=box)


def _corners(left: float, top: float, right: float, bottom: float) -> Box:
    return (left, top), (right, top), (right, bottom), (left, bottom)
