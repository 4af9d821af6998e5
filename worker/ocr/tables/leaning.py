"""How far columns lean on a page whose lines are level: photographs see the page aslant."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

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
    in_line = _in_line((edges - leans[:, None, None] * middles) / near).sum(1)
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


def _in_line(edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """How many pairs of edges (..., N) are less than 1 from each other, about."""
    groups, size = edges.shape[:-1], edges.shape[-1]
    total = np.zeros(groups, np.intp)
    for shift in (0.0, 0.5):
        places = np.sort(np.floor(edges + shift).reshape(-1, size), axis=1)
        begins = np.ones(places.shape, bool)
        begins[:, 1:] = places[:, 1:] != places[:, :-1]
        counts = np.diff(np.append(np.flatnonzero(begins), begins.size))
        own = np.flatnonzero(begins) // size
        total += np.bincount(own, counts**2, len(places)).astype(np.intp).reshape(groups)
    return total
