"""The lines and the tables of a page, from its pieces of text and the grids of its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.result import Box, Line, Table, TableCell
from worker.ocr.layout.layout import lines_in_order
from worker.ocr.layout.pieces import Piece, as_box, extents
from worker.ocr.layout.rows import Cell, cells_of, tilt_of
from worker.ocr.recognition.calibration import chance_of_line
from worker.ocr.tables.alignment import Aligned, find_aligned
from worker.ocr.tables.bands import completed
from worker.ocr.tables.grid import Grid
from worker.ocr.tables.leaning import upright

_MIN_FILLED = 3
_MIN_SHARE = 0.25
"""Of its cells: what a grid must hold, to be told from frames and drawings."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A cell to be: its place, its area on the page, and the pieces in it."""

    row: int
    column: int
    row_span: int
    column_span: int
    quad: np.ndarray
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A table to be, and where its text stands on the levelled page."""

    num_rows: int
    num_columns: int
    slots: tuple[_Slot, ...]
    span: tuple[float, float, float, float]


def lines_and_tables(
    pieces: Sequence[Piece], grids: Sequence[Grid] = ()
) -> tuple[tuple[Line, ...], tuple[Table, ...]]:
    """Put pieces in reading order, those of a table cell by cell, row by row."""
    level = [piece for piece in pieces if not piece.is_sideways]
    cells = {id(cell.piece): cell for cell in cells_of(level)}
    found, taken = [], set()
    for grid in grids:
        table = _ruled(grid, [piece for piece in pieces if id(piece.words[0]) not in taken], cells)
        if table:
            found.append(table)
            taken |= _words(table)
    rest = [cells[id(piece)] for piece in level if id(piece.words[0]) not in taken]
    for aligned in find_aligned(rest):
        found.append(_aligned(aligned, tilt_of(level)))
        taken |= _words(found[-1])
    return _in_order([piece for piece in pieces if id(piece.words[0]) not in taken], found, cells)


def _words(table: _Found) -> set[int]:
    """The words of a table, by which its pieces are known: some are parts of those of the page."""
    return {id(word) for slot in table.slots for piece in slot.pieces for word in piece.words}


def _ruled(grid: Grid, pieces: Sequence[Piece], cells: dict[int, Cell]) -> _Found | None:
    """The table of a grid, None where what it holds is none."""
    if len(pieces) < _MIN_SHARE * len(grid.slots):
        return None  # before it is looked at cell by cell
    grid = completed(grid, pieces)
    centres = extents(pieces).mean(1)
    places = grid.slots_at(centres) if pieces else []
    inside: dict[int, list[Piece]] = {}
    for piece, place in zip(pieces, places, strict=True):
        if place >= 0:
            inside.setdefault(place, []).append(piece)
    if len(inside) < max(_MIN_FILLED, _MIN_SHARE * len(grid.slots)):
        return None
    slots = tuple(
        _Slot(
            slot.row,
            slot.column,
            slot.row_span,
            slot.column_span,
            grid.quad(slot),
            tuple(inside.get(index, ())),
        )
        for index, slot in enumerate(grid.slots)
    )
    held = [cells[id(piece)] for group in inside.values() for piece in group if id(piece) in cells]
    return _Found(grid.num_rows, grid.num_columns, slots, _span(held)) if held else None


def _aligned(table: Aligned, tilt: float) -> _Found:
    turn = np.array(((np.cos(tilt), np.sin(tilt)), (-np.sin(tilt), np.cos(tilt))))
    tops = [min(cell.top for text in row.values() for cell in text) for row in table.rows]
    bottoms = [max(cell.bottom for text in row.values() for cell in text) for row in table.rows]
    slots = [
        _Slot(
            row,
            column,
            1,
            1,
            _quad((left, tops[row], right, bottoms[row]), table.lean) @ turn,
            tuple(cell.piece for cell in texts.get(column, ())),
        )
        for row, texts in enumerate(table.rows)
        for column, (left, right) in enumerate(table.columns)
    ]
    # As they stand on the levelled page, where they lean.
    span = _span(upright(table.cells, -table.lean))
    return _Found(len(table.rows), len(table.columns), tuple(slots), span)


def _span(cells: Sequence[Cell]) -> tuple[float, float, float, float]:
    return (
        min(cell.left for cell in cells),
        min(cell.top for cell in cells),
        max(cell.right for cell in cells),
        max(cell.bottom for cell in cells),
    )


def _quad(span: tuple[float, float, float, float], lean: float) -> np.ndarray:
    """A rectangle whose sides lean."""
    left, top, right, bottom = span
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.array([(x + lean * y, y) for x, y in corners])


def _in_order(
    rest: Sequence[Piece], found: Sequence[_Found], cells: dict[int, Cell]
) -> tuple[tuple[Line, ...], tuple[Table, ...]]:
    """What stands above a table, the table, and what stands below it."""
    ordered = _from_the_top(found)
    parts: list[list[Piece]] = [[] for _ in range(len(ordered) + 1)]
    for piece in rest:
        parts[_part(cells.get(id(piece)), ordered)].append(piece)
    lines = list(lines_in_order(parts[0], None if found else list(cells.values())))
    tables = []
    for table, after in zip(ordered, parts[1:], strict=True):
        made, own = _table(table, len(lines))
        tables.append(made)
        lines += [*own, *lines_in_order(after)]
    return tuple(lines), tuple(tables)


def _from_the_top(found: Sequence[_Found]) -> list[_Found]:
    """Tables in reading order: those side by side from left to right."""
    rows: list[list[_Found]] = []
    for table in sorted(found, key=lambda table: table.span[1]):
        if rows and table.span[1] < (rows[-1][0].span[1] + rows[-1][0].span[3]) / 2:
            rows[-1].append(table)
        else:
            rows.append([table])
    return [table for row in rows for table in sorted(row, key=lambda table: table.span[0])]


def _part(cell: Cell | None, tables: Sequence[_Found]) -> int:
    """How many tables stand before a piece; those that run up or down the page come last."""
    if cell is None:
        return len(tables)
    before = 0
    for number, table in enumerate(tables, start=1):
        _, top, right, bottom = table.span
        if cell.middle > bottom or (cell.middle > top and cell.left >= right):
            before = number
    return before


def _table(found: _Found, num_lines: int) -> tuple[Table, list[Line]]:
    """A table whose first line is number `num_lines` of its page, and its lines."""
    lines: list[Line] = []
    cells = []
    for slot in found.slots:
        own = lines_in_order(slot.pieces)
        first = num_lines + len(lines)
        lines += own
        cells.append(
            TableCell(
                row=slot.row,
                column=slot.column,
                row_span=slot.row_span,
                column_span=slot.column_span,
                text=" ".join(line.text for line in own),
                confidence=_chance(own),
                box=as_box(slot.quad.astype(np.float32)),
                lines=tuple(range(first, first + len(own))),
            )
        )
    corners = np.concatenate([slot.quad for slot in found.slots])
    box = _around(corners)
    made = Table(
        box=box, num_rows=found.num_rows, num_columns=found.num_columns, cells=tuple(cells)
    )
    return made, lines


def _chance(lines: Sequence[Line]) -> float:
    """Where nothing stands, nothing is wrong."""
    chances = [word.confidence for line in lines for word in line.words]
    return chance_of_line(chances) if chances else 1.0


def _around(corners: np.ndarray) -> Box:
    """The quad whose corners lie furthest out."""
    sums, differences = corners.sum(1), corners[:, 0] - corners[:, 1]
    outer = (sums.argmin(), differences.argmax(), sums.argmax(), differences.argmin())
    return as_box(corners[list(outer)].astype(np.float32))
