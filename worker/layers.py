"""A PDF page's own words, put in reading order like those that were read from its picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from shared.result import Box, Line, Page, Word
from worker.loading.pdf.layer_json import PageLayer, PlacedWord
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layout.pieces import WIDE_GAP, Piece
from worker.ocr.recognition.lines import Picture
from worker.ocr.tables.finding import lines_and_tables
from worker.ocr.tables.grid import Grid, ruled_grids

_SAME_LINE = 0.6  # of the lower one's height


def page_of(layer: PageLayer, number: int, picture: Picture | None = None) -> Page:
    """The page of a layer without a flaw. Words that stand askew come last, each a line.

    The ruling lines of tables are looked for in the page's picture (H, W, 3), if it is given.
    """
    upright = [word for word in layer.words if not word.is_turned]
    askew = [word for word in layer.words if word.is_turned]
    groups = _groups(upright)
    grids = _grids(layer, groups, picture) if picture is not None else []
    pieces = [_piece(part) for group in groups for part in _by_cell(group, grids)]
    lines, tables = lines_and_tables(pieces, grids)
    return Page(
        page=number,
        width=layer.width,
        height=layer.height,
        source="text_layer",
        lines=(*lines, *(_alone(word) for word in askew)),
        tables=tables,
    )


def _groups(words: Sequence[PlacedWord]) -> list[list[PlacedWord]]:
    """Words that follow each other on a line without a wide gap."""
    groups: list[list[PlacedWord]] = []
    for word in words:
        if not groups or not _follows(groups[-1][-1], word):
            groups.append([])
        groups[-1].append(word)
    return groups


def _grids(
    layer: PageLayer, groups: Sequence[Sequence[PlacedWord]], picture: Picture
) -> list[Grid]:
    if picture.shape[:2] != (layer.height, layer.width):
        return []
    quads = [_piece(group).quad for group in groups]
    return ruled_grids(Sheet(picture, np.array(quads, np.float32).reshape(-1, 4, 2)))


def _by_cell(group: list[PlacedWord], grids: Sequence[Grid]) -> list[list[PlacedWord]]:
    """The words of a group apart by the cells that they stand in."""
    middles = [((w.left + w.right) / 2, (w.top + w.bottom) / 2) for w in group]
    places = zip(*(grid.slots_at(np.array(middles, np.float32)) for grid in grids), strict=True)
    cells = list(places) if grids else [()] * len(group)
    found = groupby(zip(cells, group, strict=True), key=lambda placed: placed[0])
    return [[word for _, word in part] for _, part in found]


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
