"""How much reading one page may ask for, whatever is drawn on it."""

from __future__ import annotations

import numpy as np

from worker.ocr.detection.boxes import Quads, spans
from worker.ocr.detection.crops import WIDEST
from worker.ocr.recognition.lines import HEIGHT

LONGEST = 16 * WIDEST
"""Pixels of a line at 48 high, some 1,000 characters. What is longer is a rule, and no text."""
MOST = 600_000
"""Pixels of all lines of a page at 48 high. A dense A4 page has 70,000, a page of a newspaper
400,000; drawings and hatchings can make the detector find far more."""


def within_bounds(quads: Quads) -> tuple[Quads, bool]:
    """The quads (N, 4, 2) that are read, and whether some are left out for there are too many.

    The shortest are read first: they cost least, and most of what is drawn to cost much is long.
    """
    lengths, heights = spans(quads)
    longer, shorter = np.maximum(lengths, heights), np.minimum(lengths, heights)
    widths = HEIGHT * longer / np.maximum(1, shorter)
    kept = widths <= LONGEST
    cheapest = np.argsort(widths, kind="stable")
    within = np.zeros(len(quads), bool)
    within[cheapest] = np.cumsum(widths[cheapest]) <= MOST
    return quads[kept & within], bool((kept & ~within).any())
