"""Rows and columns of a grid that no rule parts: told by where the texts in its cells stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from worker.ocr.layout.pieces import Piece
from worker.ocr.layout.rows import Cell, rows_of
from worker.ocr.tables.grid import Grid, Slot
from worker.ocr.tables.wrapping import Texts, is_figure, unwrapped

_FEW_ROWS = 3
"""So many rows a grid may have whose rules do not part all of its rows."""
_MANY_ROWS = 4
"""Rows between two rules that are more than the lines of a cell."""
_FULL = 0.6
"""The share of its cells that such a row fills."""
_MIN_LINES = 2
"""Lines with text on both sides of an edge that other cells have: then it is theirs, too."""


def completed(grid: Grid, pieces: Sequence[Piece]) -> Grid:
    """A grid with the rows and columns that its texts show."""
    cells = [_on_plane(piece, grid) for piece in pieces]
    slots = [part for slot in grid.slots for part in _split(slot, grid.slots, _within(slot, cells))]
    bands = []
    for row in range(grid.num_rows):
        band = [slot for slot in slots if slot.row <= row < slot.row + slot.row_span]
        bands.append(_tops(band, cells, grid.num_rows))
    if all(len(tops) < 2 for tops in bands):
        return replace(grid, slots=tuple(slots))
    firsts = np.cumsum([0, *(max(1, len(tops)) for tops in bands)]).tolist()
    parted = [part for slot in slots for part in _in_rows(slot, bands, firsts)]
    ordered = tuple(sorted(parted, key=lambda slot: (slot.row, slot.column)))
    return replace(grid, slots=ordered, num_rows=firsts[-1])


def _on_plane(piece: Piece, grid: Grid) -> Cell:
    """Where a piece stands in the plane of a grid."""
    a, b, c, d = grid.plane.mapped(piece.extent)
    left, right = (float((one[0] + other[0]) / 2) for one, other in ((a, d), (b, c)))
    height = float((d[1] - a[1] + c[1] - b[1]) / 2)
    return Cell(piece, left, right, float((a[1] + b[1] + c[1] + d[1]) / 4), height, 0.0)


def _within(slot: Slot, cells: Sequence[Cell]) -> list[Cell]:
    return [
        cell
        for cell in cells
        if slot.left <= (cell.left + cell.right) / 2 < slot.right
        and slot.top <= cell.middle < slot.bottom
    ]


def _split(slot: Slot, slots: Sequence[Slot], cells: Sequence[Cell]) -> list[Slot]:
    """A cell over several columns, cut at their edges where all its lines leave them blank."""
    if slot.column_span == 1 or not cells:
        return [slot]
    inner = {other.column: other.left for other in slots if slot.left < other.left < slot.right}
    rows = rows_of(cells)
    cuts = {
        column: edge
        for column, edge in inner.items()
        if not any(
            cell.left < edge - cell.height / 4 and cell.right > edge + cell.height / 4
            for cell in cells
        )
        and sum(
            row[0].right < edge + row[0].height / 4 and row[-1].left > edge - row[-1].height / 4
            for row in rows
        )
        >= _MIN_LINES
    }
    columns = [slot.column, *sorted(cuts), slot.column + slot.column_span]
    edges = [slot.left, *(cuts[column] for column in sorted(cuts)), slot.right]
    return [
        replace(slot, column=first, column_span=last - first, left=left, right=right)
        for (first, last), (left, right) in zip(pairwise(columns), pairwise(edges), strict=True)
    ]


def _tops(band: Sequence[Slot], cells: Sequence[Cell], num_rows: int) -> list[float]:
    """Where the rows begin that stand between two rules; none where that is a single one."""
    if any(slot.row_span > 1 for slot in band):
        return []
    lines: list[Texts] = []
    inside = {id(cell): slot.column for slot in band for cell in _within(slot, cells)}
    for row in rows_of([cell for cell in cells if id(cell) in inside]):
        line: Texts = {}
        for cell in row:
            line.setdefault(inside[id(cell)], []).append(cell)
        lines.append(line)
    if len(lines) < 2:
        return []
    columns = {slot.column: (slot.left, slot.right) for slot in band}
    rows = unwrapped(lines, columns)
    if (num_rows > _FEW_ROWS and len(rows) < _MANY_ROWS) or len(rows) < 2:
        return []
    filled = len({column for row in rows for column in row})
    is_full = all(len(row) >= _FULL * filled for row in rows)
    counts = any(
        all(column in row and is_figure(row[column]) for row in rows) for column in columns
    )
    if not is_full or not counts:
        return []
    edges = [(_bottom(one) + _top(other)) / 2 for one, other in pairwise(rows)]
    return [band[0].top, *edges]


def _in_rows(slot: Slot, bands: Sequence[Sequence[float]], firsts: Sequence[int]) -> list[Slot]:
    """The parts of a cell in the rows that its band was cut into."""
    last = slot.row + slot.row_span
    first, end = firsts[slot.row], firsts[last]
    tops = bands[slot.row]
    if slot.row_span > 1 or len(tops) < 2:
        return [replace(slot, row=first, row_span=end - first)]
    return [
        replace(slot, row=first + number, top=top, bottom=bottom)
        for number, (top, bottom) in enumerate(pairwise([*tops, slot.bottom]))
    ]


def _top(row: Texts) -> float:
    return min(cell.top for text in row.values() for cell in text)


def _bottom(row: Texts) -> float:
    return max(cell.bottom for text in row.values() for cell in text)
