"""Reading order: pieces of lines to the lines of a page, columns one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from shared.result import Line
from worker.ocr.layout.columns import Band, find_band
from worker.ocr.layout.gutters import find_gutter
from worker.ocr.layout.letterheads import find_blocks, with_heads_parted
from worker.ocr.layout.pieces import Piece, joined
from worker.ocr.layout.rows import Cell, Row, cells_of, rows_of

_SEPARATE = 2.5
"""In line heights: texts of a row that stand further apart are lines of their own."""


def lines_in_order(
    pieces: Sequence[Piece], cells: Sequence[Cell] | None = None
) -> tuple[Line, ...]:
    """Put pieces in reading order and join those that make one line.

    `cells` are those of the level ones among them, where they are known.

    Rows are read from top to bottom, each from left to right; where several rows share a blank
    strip between two texts (a decree's header, a newspaper), the left text is read first. A row
    of a table or of a receipt stays one line. Lines that run up or down the page come last.
    """
    if len(pieces) < 2:  # as in most cells of a table
        return tuple(joined([piece]) for piece in pieces)
    if cells is None:
        cells = cells_of([piece for piece in pieces if not piece.is_sideways])
    groups = _ordered(with_heads_parted(rows_of(cells))) if cells else []
    lines = [joined([cell.piece for cell in group]) for group in groups]
    return (*lines, *(joined([piece]) for piece in pieces if piece.is_sideways))


def _ordered(rows: Sequence[Row]) -> list[Row]:
    band = _longest(find_band(rows), find_gutter(rows)) or find_blocks(rows)
    if band is None:
        return [group for row in rows for group in _groups(row)]
    parts = [band.parts(row) for row in rows[band.start : band.stop]]
    left, right = ([cell for part in parts for cell in part[side]] for side in (0, 1))
    return [
        *_ordered(rows[: band.start]),
        *_ordered(rows_of(left)),
        *_ordered(rows_of(right)),
        *_ordered(rows[band.stop :]),
    ]


def _longest(wide: Band | None, narrow: Band | None) -> Band | None:
    """One of them; where both are of one strip, a space of a title above may lie on the narrow."""
    if wide is None or narrow is None:
        return wide or narrow
    is_same = narrow.left < wide.right and wide.left < narrow.right
    is_longer = narrow.stop - narrow.start > wide.stop - wide.start
    return narrow if is_longer and not is_same else wide


def _groups(row: Row) -> list[Row]:
    """Cut a row where two texts stand far apart that are not cells of a table."""
    groups = [row[:1]]
    for one, other in pairwise(row):
        if _are_separate(one, other):
            groups.append([])
        groups[-1].append(other)
    return groups


def _are_separate(one: Cell, other: Cell) -> bool:
    gap = other.left - one.right
    if gap < _SEPARATE * min(one.height, other.height) or one.piece.text.endswith(":"):
        return False
    return min(len(one.piece.words), len(other.piece.words)) >= 2
