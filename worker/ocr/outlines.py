"""What straight strokes outline on a page: a look at a smaller picture of it.

It is what check boxes and the places for single letters are found by.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.boxes import spans
from worker.ocr.detection.scaling import shrunk
from worker.ocr.detection.sheet import Sheet

HEIGHT = 40
"""Pixels of a text line's box where boxes are looked for."""
FAINT = 18
"""Grey levels by which a stroke is darker than what is round it."""
# In heights of a line.
STROKE = 0.4
"""How long a straight stroke is at least: those of ticks and crosses are aslant."""
THREE = np.ones((3, 1), np.uint8)

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """A page in grey and a picture of it half as large as `scale`, with its paper.

    `across` and `down` are the strokes there; `outlines` is what is round them, and `boxes` (N, 4)
    are the left, top, length and height of each.
    """

    grey: Grey
    scale: float
    ground: Grey
    across: Grey
    down: Grey
    outlines: list[NDArray[np.int32]]
    boxes: NDArray[np.intp]

    @classmethod
    def at(cls, grey: Grey, scale: float) -> Look:
        """A look at a page whose lines are `HEIGHT` high once it is scaled."""
        small = scaled(grey, scale / 2)
        ground = np.asarray(cv2.blur(small, (3 * HEIGHT // 2, 3 * HEIGHT // 2)), np.uint8)
        across, down = strokes(ink_on(small, ground, FAINT // 2), round(STROKE * HEIGHT / 2) - 2)
        outlines = outlines_of(cv2.bitwise_or(across, down))
        boxes = np.array([cv2.boundingRect(outline) for outline in outlines], np.intp)
        return cls(grey, scale, ground, across, down, outlines, boxes.reshape(-1, 4))

    @classmethod
    def of(cls, sheet: Sheet) -> Look | None:
        """A look at a sheet, by whose lines its scale is known; none where it has no line."""
        if len(sheet.quads) == 0:
            return None
        scale = min(2.0, HEIGHT / max(1.0, float(np.median(spans(sheet.quads)[1]))))
        grey = np.asarray(cv2.cvtColor(sheet.picture, cv2.COLOR_RGB2GRAY), np.uint8)
        return cls.at(grey, scale)


def scaled(grey: Grey, scale: float) -> Grey:
    """A picture made smaller or larger."""
    if scale < 1:
        return shrunk(grey, scale)
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale), np.uint8)


def ink_on(grey: Grey, ground: Grey, faint: int) -> Grey:
    """1 where a picture is darker than what is round it."""
    _, inked = cv2.threshold(cv2.subtract(ground, grey), faint, 1, cv2.THRESH_BINARY)
    return np.asarray(inked, np.uint8)


def strokes(inked: Grey, length: int) -> tuple[Grey, Grey]:
    """The strokes that run across, and those that run down; those a little aslant, too."""
    across, down = (
        cv2.morphologyEx(cv2.dilate(inked, thick), cv2.MORPH_OPEN, long)
        for thick, long in (
            (THREE, np.ones((1, length), np.uint8)),
            (THREE.T, np.ones((length, 1), np.uint8)),
        )
    )
    return np.asarray(across, np.uint8), np.asarray(down, np.uint8)


def outlines_of(strokes: cv2.typing.MatLike) -> list[NDArray[np.int32]]:
    """What is round each connected stroke, also within the frame of a form or a cell of a table."""
    found, tree = cv2.findContours(strokes, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    return [np.asarray(found[at], np.int32) for at in np.flatnonzero(tree[0, :, 3] < 0).tolist()]


def are_closed(
    rectangles: NDArray[np.intp], across: Grey, down: Grey, share: float
) -> NDArray[np.bool_]:
    """Whether strokes run along a share of all four sides of rectangles (N, 4)."""
    left, top, width, height = rectangles.T
    right, bottom = left + width, top + height
    x, y = np.maximum(3, width // 4), np.maximum(3, height // 4)
    sums_across, sums_down = cv2.integral(across), cv2.integral(down)
    bands = (
        (sums_across, left, top, right, top + y, width),
        (sums_across, left, bottom - y, right, bottom, width),
        (sums_down, left, top, left + x, bottom, height),
        (sums_down, right - x, top, right, bottom, height),
    )
    closed = np.ones(len(rectangles), bool)
    for sums, x0, y0, x1, y1, length in bands:
        filled = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        # A stroke is thickened to three pixels at least.
        closed &= filled >= share * 2 * length
    return closed
