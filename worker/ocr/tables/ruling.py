"""Ruling lines: dark strokes that are too long and too thin for letters, on a page made level."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.boxes import Quads, spans
from worker.ocr.detection.connected import connected
from worker.ocr.detection.scaling import Small
from worker.ocr.detection.sheet import Sheet
from worker.ocr.tables.plane import Mask

_THICK = 0.35
"""In heights of a line: what is thicker is no rule."""
_LONG = 2.5
_TALL = 1.1
"""In heights of a line: strokes across and down that are longer than any of a letter."""
_SHORT = 0.7
"""In heights: shorter ones count where they lead from one rule to another."""
_REACH = 0.1
"""In heights: how far from a rule a stroke may end that leads to it."""
_BRIDGE = 1.0
"""In heights: the gap in a rule that is bridged, where print is broken or text crosses it."""
_FAINT = 14
"""Grey levels by which a rule is darker than what lies on both sides of it."""
_LEVEL = 0.004
"""Radians of tilt that do not matter."""
_SLIGHT = 0.03
"""Radians of tilt under which a rule stays, once it is thickened, under a straight kernel that is
taller than letters."""
_NEARLY, _THICKER = 0.9, 1.25
"""How tall and how thick a rule may seem, against what it is once the page is level."""
_LONG_LINE = 3.0


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a page that run across and down, as masks (H, W) of a smaller, level picture.

    `matrix` (2, 3) takes points of the page to it; `height` is that of a text line there.
    """

    across: Mask
    down: Mask
    matrix: NDArray[np.float64]
    height: float


def find_rules(sheet: Sheet) -> Rules | None:
    """Find the rules of a sheet, if there are any."""
    if len(sheet.quads) == 0:
        return None
    small, tilt = sheet.small, tilt_of(sheet.quads)
    height = float(np.median(spans(sheet.quads)[1])) * small.scale
    # Hardly a page has strokes down that long: those are looked for first, and before it is level.
    if _LEVEL < abs(tilt) < _SLIGHT and not _has_tall(small.grey, height):
        return None
    matrix, size = _levelling(sheet.picture.shape[:2], tilt, small.scale)
    grey = _levelled(small, matrix, size)
    turned_ink = _ink(_turned(grey), height)
    down = _strokes(turned_ink, _TALL * height)
    if not cv2.hasNonZero(down):
        return None
    ink = _ink(grey, height)
    across = _strokes(ink, _LONG * height)
    if not cv2.hasNonZero(across):
        return None
    across |= _between(_strokes(ink, _SHORT * height) & ~across, down.T, height)
    # Letters of a low row reach from rule to rule, too, but go on with none.
    goes_on = np.asarray(
        cv2.dilate(down, np.ones((5, 2 * round(_REACH * height) + 3), np.uint8)), np.uint8
    )
    down |= _between(_strokes(turned_ink, _SHORT * height) & ~down, across.T, height, goes_on)
    bridge = np.ones((1, round(_BRIDGE * height) | 1), np.uint8)
    across, down = (
        np.asarray(cv2.morphologyEx(found, cv2.MORPH_CLOSE, bridge), np.uint8)
        for found in (across, down)
    )
    return Rules(across, _turned(down), matrix, height)


def _has_tall(grey: Mask, height: float) -> bool:
    """Whether something is nearly as tall as a rule down, and not much thicker."""
    ink = _ink(_turned(grey), _THICKER * height)
    return cv2.hasNonZero(_strokes(ink, _NEARLY * _TALL * height))


def _turned(picture: Mask) -> Mask:
    """A picture with its rows for columns."""
    return np.asarray(cv2.transpose(picture), np.uint8)


def tilt_of(quads: Quads) -> float:
    """The angle in radians at which the long lines of a page run."""
    directions = quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]
    lengths, heights = spans(quads)
    long = (lengths >= _LONG_LINE * heights) & (np.abs(directions[:, 0]) > np.abs(directions[:, 1]))
    if not long.any():
        return 0.0
    angles = np.arctan2(directions[long, 1], directions[long, 0])
    order = np.argsort(angles)
    total = np.cumsum(lengths[long][order])
    return float(angles[order][np.searchsorted(total, total[-1] / 2)])


def _levelling(
    shape: tuple[int, int], tilt: float, scale: float
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The matrix from a page of a shape (H, W) to a level picture of all of it, and its size."""
    height, width = shape
    angle = tilt if abs(tilt) > _LEVEL else 0.0
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array(((cosine, sine), (-sine, cosine)))
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height))) @ turn.T
    origin = corners.min(0)
    size = np.ceil(corners.max(0) - origin).astype(int)
    return np.hstack((turn, -origin[:, None])), (max(1, int(size[0])), max(1, int(size[1])))


def _levelled(small: Small, matrix: NDArray[np.float64], size: tuple[int, int]) -> Mask:
    """A small picture, level."""
    turn = np.hstack((matrix[:, :2] / small.scale, matrix[:, 2:]))
    if not np.array_equal(turn, np.eye(2, 3)):
        level = cv2.warpAffine(small.grey, turn, size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(level, np.uint8)
    rows, columns = (side - old for side, old in zip(size[::-1], small.grey.shape, strict=True))
    level = cv2.copyMakeBorder(small.grey, 0, rows, 0, columns, cv2.BORDER_REPLICATE)
    return np.asarray(level, np.uint8)


def _ink(grey: NDArray[np.uint8], height: float) -> Mask:
    """What is dark and thin from top to bottom."""
    upright = np.ones((max(3, round(_THICK * height) | 1), 1), np.uint8)
    thin = cv2.subtract(cv2.morphologyEx(grey, cv2.MORPH_CLOSE, upright), grey)
    # A rule that is a little aslant or bent stays whole under a straight kernel.
    _, ink = cv2.threshold(thin, _FAINT, 1, cv2.THRESH_BINARY)
    return np.asarray(cv2.dilate(ink, np.ones((3, 1), np.uint8)), np.uint8)


def _strokes(ink: Mask, length: float) -> Mask:
    """Where ink runs across for `length` pixels."""
    long = np.ones((1, max(3, round(length))), np.uint8)
    return np.asarray(cv2.morphologyEx(ink, cv2.MORPH_OPEN, long), np.uint8)


def _between(strokes: Mask, others: Mask, height: float, touched: Mask | None = None) -> Mask:
    """Those of short strokes across that run from one rule down to the next, and, if that is given,
    where something is `touched`."""
    reach = max(1, round(_REACH * height))
    labels, boxes = connected(strokes)
    left, top, width, tall = boxes.T
    right, rows = left + width, (top, top + tall)
    summed = np.asarray(cv2.integral(others), np.int32)
    kept = _within(summed, rows, (left - reach, left + reach + 1))
    kept &= _within(summed, rows, (right - reach - 1, right + reach))
    found = np.zeros_like(strokes)
    for label in np.flatnonzero(kept).tolist():
        own = np.s_[top[label] : rows[1][label], left[label] : right[label]]
        stroke = labels[own] == label + 1
        if touched is None or touched[own][stroke].any():
            found[own][stroke] = 1
    return found


_Ends = tuple[NDArray[np.intp], NDArray[np.intp]]


def _within(summed: NDArray[np.int32], rows: _Ends, columns: _Ends) -> NDArray[np.bool_]:
    """Whether each of N windows holds something, by the sums (H + 1, W + 1) of all above and left
    of a pixel; windows end at the picture's edges."""
    first, last = rows
    left, right = (np.clip(ends, 0, summed.shape[1] - 1) for ends in columns)
    inside = summed[last, right] - summed[first, right] - summed[last, left] + summed[first, left]
    return np.asarray(inside > 0)
