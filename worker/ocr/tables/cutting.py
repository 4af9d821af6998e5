"""Cut text lines where a ruling line crosses them: each cell's text is read by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from worker.ocr.detection.boxes import Quads, spans
from worker.ocr.layout.pieces import Quad, part_of
from worker.ocr.tables.grid import Grid

_STEP = 0.1
"""In heights of the line: how finely a rule is placed."""
_SHORTEST = 0.3
"""In heights: what is shorter is a margin, not a text."""
_MARGIN = 0.05
"""In heights: what is left free beside a rule."""


def cut_at_rules(quads: Quads, grids: Sequence[Grid]) -> Quads:
    """The quads (N, 4, 2) of lines, those that lie across several cells in parts."""
    for grid in grids:
        lengths, heights = spans(quads)
        parts = [
            part
            for quad, length, height in zip(quads, lengths, heights, strict=True)
            for part in _parts(quad, float(length / max(height, 1e-6)), grid)
        ]
        quads = np.array(parts, np.float32).reshape(-1, 4, 2)
    return quads


def _parts(quad: Quad, length: float, grid: Grid) -> list[Quad]:
    """The parts of a line that is `length` heights long."""
    shares = np.linspace(0, 1, max(2, round(length / _STEP)) + 1, dtype=np.float32)[:, None]
    start, end = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    places = grid.slots_at(start + shares * (end - start))
    runs = [(slot, len(list(run))) for slot, run in groupby(places)]
    if len({slot for slot, _ in runs if slot >= 0}) < 2:
        return [quad]
    parts: list[Quad] = []
    at, step = 0.0, 1 / len(places)
    for index, (slot, count) in enumerate(runs):
        first, last = at, at + count * step
        at = last
        if slot < 0 or (last - first) * length < _SHORTEST:
            continue
        # Outside its rules a table has none that could be read as a letter.
        begins = 0.0 if index == 1 and runs[0][0] < 0 else first + _MARGIN / length * (index > 0)
        is_last = index == len(runs) - 1
        ends = 1.0 if index == len(runs) - 2 and runs[-1][0] < 0 else last
        parts.append(
            part_of(quad, begins, ends - (0 if is_last or ends == 1 else _MARGIN / length))
        )
    return parts or [quad]
