"""Grids of cells that ruling lines close, on pages that may be seen aslant or bent a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.connected import connected
from worker.ocr.detection.sheet import Sheet
from worker.ocr.tables.plane import Mask, Plane, Points
from worker.ocr.tables.ruling import Rules, find_rules

# All in heights of a text line, unless they are shares.
_REACH = 0.3
"""How far a rule may end before the one that it should meet."""
_SMALLEST = 0.6
"""The least width and height of a cell: a letter still fits in."""
_SAME_EDGE = 0.5
"""Edges of cells that differ less are one edge."""
_LEAST = (4.0, 2.0)
"""Width and height of the smallest grid."""
_FULL = 0.75
"""The share of its rectangle that a cell fills: others are no cells."""
_COVERED = 0.8
"""The share of a grid that its cells fill."""
_MIN_CELLS, _MAX_CELLS = 4, 4000
"""What has fewer is a frame, what has more is graph paper."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One cell of a grid; rows and columns count from 0, edges are in the grid's plane."""

    row: int
    column: int
    row_span: int
    column_span: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells between ruling lines, in the plane in which these run straight."""

    slots: tuple[Slot, ...]
    num_rows: int
    num_columns: int
    plane: Plane

    def slots_at(self, points: Points) -> list[int]:
        """In which slot each point (N, 2) of the page lies; -1 where in none."""
        xs, ys = self.plane.mapped(points)[:, :, None].swapaxes(0, 1)
        edges = [(slot.left, slot.right, slot.top, slot.bottom) for slot in self.slots]
        lefts, rights, tops, bottoms = np.array(edges).T
        inside = (lefts <= xs) & (xs < rights) & (tops <= ys) & (ys < bottoms)
        return [int(index) for index in np.where(inside.any(1), inside.argmax(1), -1)]

    def quad(self, slot: Slot) -> Points:
        """The corners (4, 2) of a slot on the page."""
        xs, ys = (slot.left, slot.right), (slot.top, slot.bottom)
        corners = ((xs[0], ys[0]), (xs[1], ys[0]), (xs[1], ys[1]), (xs[0], ys[1]))
        return self.plane.back(np.array(corners))


def ruled_grids(sheet: Sheet) -> list[Grid]:
    """The grids on a page, from top to bottom."""
    rules = find_rules(sheet)
    return find_grids(rules) if rules else []


def find_grids(rules: Rules) -> list[Grid]:
    """The grids that rules make, from top to bottom."""
    reach = max(1, round(_REACH * rules.height))
    across = cv2.dilate(rules.across, np.ones((1, 2 * reach + 1), np.uint8))
    down = cv2.dilate(rules.down, np.ones((2 * reach + 1, 1), np.uint8))
    lines = np.asarray(cv2.bitwise_or(across, down), np.uint8)
    labels, boxes = connected(lines)
    is_large = (boxes[:, 2:] >= np.array(_LEAST) * rules.height).all(1)
    grids = []
    for label in np.flatnonzero(is_large).tolist():
        left, top, width, height = boxes[label].tolist()
        part = np.s_[top : top + height, left : left + width]
        grid = _grid((labels[part] == label + 1).astype(np.uint8), rules, (left, top))
        if grid:
            grids.append((top, grid))
    return [grid for _, grid in sorted(grids, key=lambda found: found[0])]


def _grid(lines: Mask, rules: Rules, origin: tuple[int, int]) -> Grid | None:
    """The grid of connected rules (H, W) whose upper left corner is at `origin`."""
    shift = np.array(((1, 0, -origin[0]), (0, 1, -origin[1]), (0, 0, 1)))
    matrix = shift @ np.vstack((rules.matrix, (0, 0, 1)))
    best, covered = None, _COVERED
    for plane in (Plane.upright(lines), Plane.in_perspective(lines)):
        boxes = _rectangles(plane.seen(lines), rules.height)
        if not _MIN_CELLS <= len(boxes) <= _MAX_CELLS:
            continue
        xs = _edges(boxes[:, (0, 2)], _SAME_EDGE * rules.height)
        ys = _edges(boxes[:, (1, 3)], _SAME_EDGE * rules.height)
        if min(len(xs), len(ys)) < 3 or (slots := _slots(boxes, xs, ys)) is None:
            continue
        share = float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum())
        share /= plane.width * plane.height
        if best is None or share > covered:
            best, covered = Grid(slots, len(ys) - 1, len(xs) - 1, plane.after(matrix)), share
    return best


def _rectangles(lines: Mask, height: float) -> NDArray[np.float64]:
    """Left, top, right and bottom (N, 4) of the blank regions between rules (H, W): the cells."""
    # The sides of a table may be open.
    closed = cv2.rectangle(lines.copy(), (0, 0), (lines.shape[1] - 1, lines.shape[0] - 1), 1)
    blank = np.asarray(1 - closed, np.uint8)
    labels, boxes = connected(blank, 4)
    cells = []
    for label in np.flatnonzero((boxes[:, 2:] >= _SMALLEST * height).all(1)).tolist():
        left, top, width, tall = boxes[label].tolist()
        own = labels[top : top + tall, left : left + width] == label + 1
        if np.count_nonzero(own) >= _FULL * width * tall:
            cells.append((left, top, left + width, top + tall))
    return np.array(cells, np.float64).reshape(-1, 4)


def _edges(values: NDArray[np.float64], near: float) -> list[float]:
    """Where the edges of cells are: values that are near each other are one edge."""
    groups: list[list[float]] = []
    for value in sorted(values.ravel().tolist()):
        if not groups or value - groups[-1][-1] > near:
            groups.append([])
        groups[-1].append(value)
    return [float(np.median(group)) for group in groups]


def _slots(
    boxes: NDArray[np.float64], xs: Sequence[float], ys: Sequence[float]
) -> tuple[Slot, ...] | None:
    """The cells by row and column, an empty one where there is none; None where that is no grid."""
    taken = np.zeros((len(ys) - 1, len(xs) - 1), bool)
    slots = []
    for left, top, right, bottom in boxes:
        column, end = _nearest(xs, left), _nearest(xs, right)
        row, last = _nearest(ys, top), _nearest(ys, bottom)
        place = np.s_[row:last, column:end]
        if end <= column or last <= row or taken[place].any():
            return None
        taken[place] = True
        slots.append(_slot(row, column, last, end, xs, ys))
    if sum(_area(slot) for slot in slots) < _COVERED * (xs[-1] - xs[0]) * (ys[-1] - ys[0]):
        return None
    free = np.argwhere(~taken).tolist()
    slots += [_slot(row, column, row + 1, column + 1, xs, ys) for row, column in free]
    return tuple(sorted(slots, key=lambda slot: (slot.row, slot.column)))


def _slot(
    row: int, column: int, last: int, end: int, xs: Sequence[float], ys: Sequence[float]
) -> Slot:
    return Slot(row, column, last - row, end - column, xs[column], ys[row], xs[end], ys[last])


def _area(slot: Slot) -> float:
    return (slot.right - slot.left) * (slot.bottom - slot.top)


def _nearest(edges: Sequence[float], value: float) -> int:
    return int(np.abs(np.array(edges) - value).argmin())
