"""How far columns lean on a page whose lines are level: photographs see the page aslant."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from worker.ocr.layout.rows import Cell

_MOST = 0.15
"""Pixels to the right for each one down."""
_STEPS = 21
_SAME = 0.4
"""In heights: edges so near each other are one."""
_GAIN = 1.2
"""By how much more edges have to stand in line, for columns to be taken for leaning."""


def lean_of(cells: Sequence[Cell]) -> float:
    """Pixels to the right for each one down along which the most edges of texts stand in line."""
    if len(cells) < 2:
        return 0.0
    edges = np.array([(cell.left, cell.right) for cell in cells]).T
    middles = np.array([cell.middle for cell in cells])
    near = _SAME * statistics.median(cell.height for cell in cells)
    leans = np.linspace(-_MOST, _MOST, _STEPS)
    in_line = [sum(_in_line(edge - lean * middles, near) for edge in edges) for lean in leans]
    best = int(np.argmax(in_line))
    return float(leans[best]) if in_line[best] > _GAIN * in_line[_STEPS // 2] else 0.0


def upright(cells: Sequence[Cell], lean: float) -> list[Cell]:
    """The cells where they would be if their columns did not lean."""
    if not lean:
        return list(cells)
    return [
        replace(cell, left=cell.left - lean * cell.middle, right=cell.right - lean * cell.middle)
        for cell in cells
    ]


def _in_line(edges: np.ndarray, near: float) -> int:
    """How many pairs of edges are near each other, about."""
    total = 0
    for shift in (0.0, 0.5):
        counts = np.unique(np.floor(edges / near + shift), return_counts=True)[1]
        total += int((counts**2).sum())
    return total
