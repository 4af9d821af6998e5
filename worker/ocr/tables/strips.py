"""The blank strips between the columns of rows that no ruling lines part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from worker.ocr.layout.rows import Cell, Row

Span = tuple[float, float]
"""Left and right."""

_NEAR = 0.4
"""In heights: how far from a strip the space between two words may be that is a part of it."""


def merged(columns: Sequence[Span], row: Row, blank: float) -> list[Span]:
    """Columns with the texts of one more row: those that are not `blank` pixels apart are one."""
    found: list[Span] = []
    for left, right in sorted([*columns, *((cell.left, cell.right) for cell in row)]):
        if found and left < found[-1][1] + blank:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def strips(columns: Sequence[Span]) -> list[Span]:
    """What is between columns."""
    return [(one[1], other[0]) for one, other in pairwise(columns)]


def is_blank(columns: Sequence[Span], strip: Span) -> bool:
    """Whether something of a strip is still between two columns."""
    return any(max(left, strip[0]) < min(right, strip[1]) for left, right in strips(columns))


def support(rows: Sequence[Row], strip: Span) -> int:
    """Rows that have text on both sides of a strip."""
    middle = (strip[0] + strip[1]) / 2
    return sum(row[0].right <= middle <= row[-1].left for row in rows)


def cut(row: Row, between: Sequence[Span], blank: float) -> Row:
    """The row with texts cut that go over strips, where the widest spaces between their words are
    there: cells that nearly touch were found as one line.

    Where a word ends inside of a line is known to half a letter, so the parts stand `blank` apart.
    """
    return [part for cell in row for part in _cut(cell, between, blank)]


def _cut(cell: Cell, between: Sequence[Span], blank: float) -> list[Cell]:
    crossed = [strip for strip in between if cell.left < strip[0] < strip[1] < cell.right]
    if not crossed:
        return [cell]
    spaces = cell.spaces()
    widest = sorted(spaces, key=lambda space: space[0] - space[1])[: len(crossed)]
    near = _NEAR * cell.height
    if len(widest) < len(crossed) or not all(
        any(strip[0] - near < left and right < strip[1] + near for left, right in widest)
        for strip in crossed
    ):
        return [cell]
    firsts = [0, *sorted(spaces.index(space) + 1 for space in widest), len(cell.piece.words)]
    edges = [
        cell.left,
        *(edge for space in sorted(widest) for edge in _wide(space, blank)),
        cell.right,
    ]
    return [
        cell.holding(first, last, left, right)
        for (first, last), left, right in zip(
            pairwise(firsts), edges[::2], edges[1::2], strict=True
        )
    ]


def _wide(space: Span, blank: float) -> Span:
    middle = (space[0] + space[1]) / 2
    return min(space[0], middle - blank / 2), max(space[1], middle + blank / 2)
