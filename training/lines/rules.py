"""What lines are ruled with: the dots and bars of forms, the rules of tables.

A cut is a line's ink (H, W) uint8, drawn on in place. Labels say nothing of rules.
"""

from __future__ import annotations

import random

import numpy as np

from training.wear.degrade import Picture

_GAP = 0.3
"""In heights of the crop, how wide empty paper must be for a rule between two columns."""


def draw_fields(cut: Picture, rng: random.Random) -> None:
    """Draw what forms are ruled with: a line or dots to write on, or bars between the fields."""
    height, width = cut.shape
    dark, thick = rng.randint(90, 255), rng.randint(1, max(1, height // 24))
    if rng.random() < 0.6:
        y = int(height * rng.uniform(0.76, 0.95))
        start = int(width * rng.choice([0.0, 0.0, rng.uniform(0.1, 0.6)]))
        step = rng.choice([1, 1, 3, 4, 6])
        cut[y : y + thick, start::step] = dark
        return
    gaps = np.flatnonzero(~cut.any(axis=0))  # a bar stands where no letter does
    for x in rng.sample(list(gaps), min(len(gaps), rng.randint(1, 3))):
        cut[:, x : x + 1] = dark


def draw_table(cut: Picture, rng: random.Random) -> None:
    """Draw rules between columns, at the ends, above and below; thin, thick, dotted or pale."""
    height, width = cut.shape
    dark, thick = rng.randint(90, 255), rng.randint(1, max(1, height // 16))
    step = rng.choice([1, 1, 1, 1, 3])
    if rng.random() < 0.75:
        for start, end in _gaps(cut):
            if end - start > _GAP * height and rng.random() < 0.85:
                x = rng.randint(start, max(start, end - thick))
                cut[::step, x : x + thick] = dark
    for at_left in (True, False):
        if rng.random() < 0.35:
            x = rng.randint(0, max(1, height // 6))
            x = x if at_left else width - 1 - x
            if not cut[:, x : x + thick].any() or x in (0, width - 1):
                cut[::step, x : x + thick] = dark
    for above in (True, False):
        if rng.random() < 0.4:
            y = rng.randint(0, max(1, height // 10))
            y = y if above else height - 1 - y
            cut[y : y + thick, ::step] = np.maximum(cut[y : y + thick, ::step], dark)


def _gaps(cut: Picture) -> list[tuple[int, int]]:
    """The runs of empty columns, first and last of each; those at the ends are not between any."""
    empty = np.concatenate(([0], (cut.max(axis=0) < 30).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(empty))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, end) for start, end in runs if start > 0 and end < cut.shape[1]]
