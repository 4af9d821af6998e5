"""Part the texts of unruled tables whose columns nearly touch, so that they were found as one."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from worker.ocr.layout.rows import Cell, Row
from worker.ocr.tables.strips import Span

Words = list[Span]
"""Where the words of a row begin and end."""

_NARROWEST = 0.1
"""In heights: of a strip that no word of a table's rows stands in."""
_MIN_ROWS = 4
_MOST_ROWS = 50
"""Looked at from one on; the next ones are cut by themselves."""
_MIN_STRIPS = 2
"""Labels with amounts have one between them, and are not always a table."""
_WIDER = 1.7
"""What is blank in the rows at a strip is so much wider than the spaces between words, on average;
spaces of running text lie above one another, too."""
_WIDER_THERE = 1.25
"""The same of each row alone: the spaces of a title are all alike."""
_MOSTLY = 0.7
"""The share of its rows that have text on both sides of a strip."""
_ROOM = 1.02
_NEAR = 0.15
"""In heights: how exactly it is known where a word ends."""


def parted(
    rows: Sequence[Row], blank: float, are_apart: Callable[[Row, Row], bool]
) -> tuple[list[Row], set[int]]:
    """The rows, cut at the strips that several of them leave blank, and the numbers of those cut.

    The parts are put a little over `blank` apart. Rows that `are_apart` are of no one table.
    """
    made, numbers = list(rows), set[int]()
    height = statistics.median(cell.height for row in rows for cell in row)
    lines = [_words(row) for row in rows]
    ends = [last for last in range(1, len(rows)) if are_apart(rows[last - 1], rows[last])]
    ends.append(len(rows))
    start = 0
    while start < len(rows):
        last = min(ends[bisect_right(ends, start)], start + _MOST_ROWS)
        num_alike, num_cut, strips = _longest(lines[start:last], height)
        for number in range(start, start + num_cut):
            made[number] = _cut(rows[number], strips, _ROOM * blank)
        numbers.update(range(start, start + num_cut))
        # In many rows that are no table the next one begins no table either.
        start += num_cut or max(1, num_alike // 8)
    return made, numbers


def _longest(rows: Sequence[Words], height: float) -> tuple[int, int, list[Span]]:
    """How many rows leave a strip blank that the first one does, how many of them have most strips
    in common, and those."""
    least = _NARROWEST * height
    strips = [gap for gap in _gaps(rows[0]) if gap[1] - gap[0] >= least]
    best: tuple[int, int, list[Span]] = (0, 0, [])
    for end in range(2, len(rows) + 1):
        strips = [
            (left, right)
            for one in strips
            for left, right in _without(one, rows[end - 1])
            if right - left >= least
        ]
        if not strips:
            return end - 1, *best[1:]
        if end < _MIN_ROWS or len(strips) < _MIN_STRIPS:
            continue
        between = _between_columns(rows[:end], strips)
        score = len(between) * (end - 1)
        if score >= best[0] and _are_rows(rows[:end], between):
            best = score, end, between
    return len(rows), *best[1:]


def _are_rows(rows: Sequence[Words], strips: Sequence[Span]) -> bool:
    """Whether rows that have strips in common are those of a table, from its head to its end."""
    return (
        len(strips) >= _MIN_STRIPS
        and all(_stands_apart(row, strips) for row in rows)
        and all(2 * len(_at(row, strips)) > len(strips) for row in (rows[0], rows[-1]))
    )


def _at(row: Words, strips: Sequence[Span]) -> list[Span]:
    """The gaps of a row in which strips lie."""
    middles = [(left + right) / 2 for left, right in strips]
    return [gap for gap in _gaps(row) if any(gap[0] <= middle <= gap[1] for middle in middles)]


def _stands_apart(row: Words, strips: Sequence[Span]) -> bool:
    """Whether the gaps of a row at some strips, if it has any, are wider than its spaces."""
    at = _at(row, strips)
    gaps = [right - left for left, right in at]
    spaces = [right - left for left, right in set(_gaps(row)) - set(at)]
    if not gaps or not spaces:
        return True
    return statistics.fmean(gaps) >= _WIDER_THERE * statistics.median(spaces)


def _words(row: Row) -> Words:
    """Where the words of a row begin and end."""
    words: list[Span] = []
    for cell in row:
        edges = [cell.left, *(edge for space in cell.spaces() for edge in space), cell.right]
        words += zip(edges[::2], edges[1::2], strict=True)
    return words


def _gaps(row: Words) -> list[Span]:
    return [(one[1], other[0]) for one, other in pairwise(row)]


def _without(strip: Span, row: Words) -> list[Span]:
    """What of a strip no word of a row stands in."""
    left, right = strip
    free: list[Span] = []
    for start, end in sorted(row):
        if end > left and start < right:
            free.append((left, start))
            left = end
    return [*free, (left, right)]


def _between_columns(rows: Sequence[Words], strips: Sequence[Span]) -> list[Span]:
    """Those strips that are wide, without spaces of a head whose column is narrower below."""
    found: list[Span] = []
    for strip in strips:
        if not _is_wide(rows, strip):
            continue
        if found and not _has_texts(rows, found[-1][1], strip[0]):
            found[-1] = max(found[-1], strip, key=lambda one: one[1] - one[0])
        else:
            found.append(strip)
    return found


def _has_texts(rows: Sequence[Words], left: float, right: float) -> bool:
    """Whether words of most rows lie between two strips."""
    own = sum(any(left <= (a + b) / 2 <= right for a, b in row) for row in rows)
    return 2 * own > len(rows)


def _is_wide(rows: Sequence[Words], strip: Span) -> bool:
    """Whether text stands on both sides of a strip, and more than a space apart."""
    middle = (strip[0] + strip[1]) / 2
    gaps: list[float] = []
    spaces: list[float] = []
    for row in rows:
        for left, right in _gaps(row):
            (gaps if left <= middle <= right else spaces).append(right - left)
    if len(gaps) < _MOSTLY * len(rows):
        return False
    return not spaces or statistics.fmean(gaps) >= _WIDER * statistics.median(spaces)


def _cut(row: Row, strips: Sequence[Span], blank: float) -> Row:
    cells = list(row)
    for strip in strips:
        cells = [part for cell in cells for part in _parts(cell, strip, blank)]
    return cells


def _parts(cell: Cell, strip: Span, blank: float) -> Sequence[Cell]:
    """The parts of a cell beside a strip, or the cell where it is on one side."""
    middle, near = (strip[0] + strip[1]) / 2, _NEAR * cell.height
    before, after = (
        min(strip[0] + near, middle - blank / 2),
        max(strip[1] - near, middle + blank / 2),
    )
    if cell.right <= strip[0] + near:
        return (replace(cell, right=min(cell.right, before)),)
    if cell.left >= strip[1] - near:
        return (replace(cell, left=max(cell.left, after)),)
    for number, (left, right) in enumerate(cell.spaces(), start=1):
        if left <= middle <= right:
            one, other = cell.parted(number)
            return (
                replace(one, right=min(one.right, before)),
                replace(other, left=max(other.left, after)),
            )
    return (cell,)
