"""Take columns of lone letters and digits apart, which the detector takes for one standing line.

The numbers of a list, the answers of a sheet and the entries of a narrow field stand so.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from worker.ocr.detection.boxes import Quads, spans
from worker.ocr.detection.crops import Crop, crop, runs_of
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layout.pieces import Quad
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import confidence_of
from worker.ocr.recognition.lines import Picture

_TALL = 1.5
"""Height over length of a box that may hold two lines."""
_STEP = 0.3
"""The share of the steepest steps between two pixels from which there is ink."""
_RULE = 0.8
"""The share of a column's pixels from which it is a rule beside the letters."""
# In heights of the highest letter.
_JOIN, _WIDEST = 0.25, 2.5
"""Blank rows of less part a letter from its mark; of more, there is no column."""
_LOWEST = 0.6
_UNEVEN = 0.25
"""By how much the distance of two letters may differ from the usual one."""
_ROOM = 0.3
"""What is left free above and below."""
_LETTER = 0.3
"""Of the length of the box: how high a letter is at least; dots are lower."""


def unstacked(client: BatchClient, sheet: Sheet) -> Sheet:
    """The sheet with a quad for each line of a column, where it reads better so than sideways."""
    lengths, heights = spans(sheet.quads)
    tall = np.flatnonzero(heights >= _TALL * lengths).tolist()
    straight = [n for n in tall if not sheet.bend_of(sheet.quads[n])]
    parts = {n: _parts(sheet.picture, sheet.quads[n]) for n in straight}
    stacks = {n: own for n, own in parts.items() if len(own) > 1}
    if not stacks:
        return sheet
    quads: list[Quads] = []
    for number, quad in enumerate(sheet.quads):
        own = stacks.get(number)
        is_stack = own is not None and _reads_better(client, sheet.picture, quad, own)
        quads.append(own if own is not None and is_stack else quad[None])
    return sheet.with_quads(np.concatenate(quads))


def _reads_better(client: BatchClient, picture: Picture, quad: Quad, parts: Quads) -> bool:
    """Whether letters are read surer one by one than as a line that runs up or down."""
    ways = [quad[[3, 0, 1, 2]], quad[[1, 2, 3, 0]]]
    read = client.words([Crop(picture, one) for one in (*ways, *parts)])
    upwards, downwards, *letters = map(confidence_of, read)
    return float(np.mean(letters)) > max(upwards, downwards)


def _parts(picture: Picture, quad: Quad) -> Quads:
    """The quads (N, 4, 2) of the lines of a column; the quad alone where it is none."""
    column = crop(picture, quad)
    bands = _bands(column)
    if not _is_even(bands, column.shape[1]):
        return quad[None]
    room = min(_ROOM * max(last - first for first, last in bands), _least_gap(bands) / 2)
    shares = np.array(bands) + np.array((-room, room))
    tops, bottoms = np.clip(shares / len(column), 0, 1).T[..., None]
    left, right = quad[3] - quad[0], quad[2] - quad[1]
    corners = (
        quad[0] + tops * left,
        quad[1] + tops * right,
        quad[1] + bottoms * right,
        quad[0] + bottoms * left,
    )
    return np.stack(corners, axis=1).astype(np.float32)


def _bands(column: Picture) -> list[tuple[int, int]]:
    """The first and the last row (exclusive) of each letter, its marks with it."""
    grey = cv2.cvtColor(column, cv2.COLOR_RGB2GRAY).astype(np.int16)
    steps = np.abs(np.diff(grey, axis=1))
    ink = steps > _STEP * steps.max(initial=1)
    bands = runs_of(ink[:, ink.mean(0) < _RULE].any(1))
    highest = max((last - first for first, last in bands), default=0)
    joined: list[tuple[int, int]] = []
    for first, last in bands:
        if joined and first - joined[-1][1] < _JOIN * highest:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    # The letter above the box and the one below it may reach in.
    return [
        (first, last)
        for first, last in joined
        if (first > 0 and last < len(column)) or last - first >= _LOWEST * highest
    ]


def _is_even(bands: list[tuple[int, int]], length: int) -> bool:
    """Whether letters of about one height follow each other at about one distance."""
    if len(bands) < 2:
        return False
    heights = np.array([last - first for first, last in bands])
    gaps = np.array([after[0] - before[1] for before, after in pairwise(bands)])
    pitches = np.diff([last for _, last in bands])
    usual = float(np.median(pitches))
    return bool(
        heights.min() >= _LOWEST * heights.max()
        and heights.max() >= _LETTER * length
        and gaps.max() <= _WIDEST * heights.max()
        and np.abs(pitches - usual).max() <= _UNEVEN * usual
    )


def _least_gap(bands: list[tuple[int, int]]) -> int:
    return min(after[0] - before[1] for before, after in pairwise(bands))
