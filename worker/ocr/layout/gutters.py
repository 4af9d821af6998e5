"""Find gutters that are hardly wider than spaces: columns of running text set close together."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from worker.ocr.layout.columns import Band, extended, reads_as_fields
from worker.ocr.layout.rows import Row

# All in heights of a line, unless they are counts or shares.
_STEP = 0.1
"""How finely the strip is placed."""
_NARROWEST = 0.3
"""Of a strip that no word of many rows stands in. Spaces lie below one another in a few rows."""
_APART = 2.0
"""How far rows of running text are from each other."""
_MIN_ROWS = 5
_WIDER = 1.08
"""How much wider than the spaces in its rows it is, on average, and in the first and the last."""
_AS_HIGH = 1.3
"""How much higher than all others the letters of these two may be."""
_MIN_WORDS = 2.5
"""On each side of the strip, on average: columns of a table have fewer."""
_SAME_EDGE = 0.3
_MOSTLY = 0.7

_Map = NDArray[np.bool_]


def find_gutter(rows: Sequence[Row]) -> Band | None:
    """The longest band of rows with running text on both sides of a narrow blank strip."""
    if len(rows) < _MIN_ROWS:
        return None
    height = statistics.median(cell.height for row in rows for cell in row)
    step = _STEP * height
    origin = min(row[0].left for row in rows)
    words, inside = _maps(rows, origin, step)
    breaks = [True, *(_is_apart(*pair, height) for pair in pairwise(rows))]
    counts, starts, stops = _runs(words, inside, breaks)
    while counts.max(initial=0) >= _MIN_ROWS:
        place = int(counts.argmax())
        start, stop = int(starts[place]), int(stops[place])
        left, right = _strip(np.any(words[start:stop], axis=0), place)
        counts[left:right] = 0
        if (right - left) * step < _NARROWEST * height:
            continue
        band = Band(start, stop, origin + left * step, origin + right * step, is_narrow=True)
        band = _trimmed(rows, band, height)
        if _is_running(rows, band):
            return extended(rows, band, _NARROWEST / 2)
    return None


def _maps(rows: Sequence[Row], origin: float, step: float) -> tuple[_Map, _Map]:
    """Where each row has words, and what lies between its first and its last (rows, places)."""
    size = int((max(cell.right for row in rows for cell in row) - origin) / step) + 2
    spans: list[tuple[int, float, float]] = []
    spaces: list[tuple[int, float, float]] = []
    whole: list[tuple[int, float, float]] = []
    for number, row in enumerate(rows):
        whole.append((number, row[0].left, max(cell.right for cell in row)))
        for cell in row:
            spans.append((number, cell.left, cell.right))
            spaces += [(number, left + step, right - step) for left, right in cell.spaces()]

    def covered(parts: list[tuple[int, float, float]]) -> _Map:
        lines, lefts, rights = np.array(parts, np.float64).reshape(-1, 3).T
        first, last = (((edge - origin) / step).astype(np.intp) for edge in (lefts, rights))
        starts, ends = np.clip(first, 0, size), np.clip(last + 1, 0, size)
        changes = np.zeros((len(rows), size + 1), np.intp)
        own = lines.astype(np.intp)
        np.add.at(changes, (own, starts), 1)
        np.add.at(changes, (own, np.maximum(starts, ends)), -1)
        return np.cumsum(changes, axis=1)[:, :-1] > 0

    return covered(spans) & ~covered(spaces), covered(whole)


def _runs(
    words: _Map, inside: _Map, breaks: Sequence[bool]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """For each place the most rows on end that are blank between words, and from where to where."""
    numbers = np.arange(len(words))[:, None]
    begins = np.array(breaks)[:, None]
    blank = ~words & inside
    total = np.cumsum(blank, axis=0)
    # What was counted up to where a run begins, and the row in which it does.
    ends = words | begins
    before = np.maximum.accumulate(np.where(ends, total - blank, 0), axis=0)
    first = np.maximum.accumulate(np.where(ends, numbers + ~begins, 0), axis=0)
    counts = np.where(words, 0, total - before)
    last = counts.argmax(0)
    places = np.arange(words.shape[1])
    return counts[last, places], first[last, places], last + 1


def _strip(filled: _Map, place: int) -> tuple[int, int]:
    """The blank places round one."""
    taken = np.flatnonzero(filled)
    before, after = taken[taken < place], taken[taken > place]
    left = int(before[-1]) + 1 if len(before) else place
    return left, int(after[0]) if len(after) else place + 1


def _trimmed(rows: Sequence[Row], band: Band, height: float) -> Band:
    """The rows from the first to the last that have two texts side by side for sure: the spaces of
    a heading or of a paragraph's end above them may happen to lie on the strip."""
    pairs = {number: band.parts(rows[number]) for number in range(band.start, band.stop)}
    both = {number: pair for number, pair in pairs.items() if all(pair)}
    edge = statistics.median(right[0].left for _, right in both.values()) if both else 0.0
    sure = [
        number
        for number, (left, right) in both.items()
        if abs(right[0].left - edge) <= _SAME_EDGE * height
        and right[0].left - left[-1].right >= _WIDER * _mean_space((left, right))
        and max(cell.height for cell in (*left, *right)) <= _AS_HIGH * height
    ]
    return replace(band, start=sure[0], stop=sure[-1] + 1) if sure else replace(band, stop=0)


def _is_running(rows: Sequence[Row], band: Band) -> bool:
    """Whether text runs on both sides, that on the right from one edge."""
    parts = [band.parts(row) for row in rows[band.start : band.stop]]
    both = [(left, right) for left, right in parts if left and right]
    if len(both) < _MIN_ROWS or reads_as_fields(both):
        return False
    for side in zip(*both, strict=True):
        words = [sum(len(cell.piece.words) for cell in part) for part in side]
        if statistics.fmean(words) < _MIN_WORDS:
            return False
    gaps = statistics.fmean(right[0].left - left[-1].right for left, right in both)
    if gaps < _WIDER * statistics.fmean(map(_mean_space, both)):
        return False
    height = statistics.median(cell.height for left, _ in both for cell in left)
    edges = [right[0].left for _, right in both]
    near = sum(abs(edge - statistics.median(edges)) <= _SAME_EDGE * height for edge in edges)
    return near >= _MOSTLY * len(edges)


def _mean_space(parts: tuple[Row, Row]) -> float:
    """The mean space between two words on the same side of the strip."""
    spaces = [end - start for part in parts for start, end in _spaces(part)]
    return statistics.fmean(spaces) if spaces else 0.0


def _spaces(part: Row) -> list[tuple[float, float]]:
    between = [(one.right, other.left) for one, other in pairwise(part)]
    return [*between, *(space for cell in part for space in cell.spaces())]


def _is_apart(above: Row, below: Row, height: float) -> bool:
    gap = min(cell.top for cell in below) - max(cell.bottom for cell in above)
    return gap > _APART * height
