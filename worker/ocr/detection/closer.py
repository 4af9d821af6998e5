"""Where a page has ink on which hardly anything was found: lone lines of small print."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.lines import Picture

Area = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels of the picture."""

_FAINT = 24
"""Grey levels by which ink differs from the ground round it."""
_SIDE = 2560
"""Pixels of the longer side of the picture in which ink is looked for."""
_GROUND = 51
"""Pixels across which the ground is taken from: more than the strokes of small print."""
_SPECK = 5
"""Pixels: what is smaller in both directions is dust."""
_RULE = 75
"""Pixels: a run of ink as long is a rule, the frame of a field or the edge of what is filled. It
would join the print within it to a place as large as the frame, seen no closer than the page."""
_JOIN = 31
"""Pixels that lie between the letters and words of a line at most, whichever way it runs."""
_LEAST = 12, 6
"""The longer and the shorter side of a line, in pixels."""
_MOST_AREAS = 8
"""The blank backs of scans have dust and shadows: how many places are looked at."""
_ROOM = 0.8
"""In heights of the ink: the ground that is shown round it."""


def areas_of_ink(picture: Picture, known: NDArray[np.float32]) -> Iterator[Area]:
    """Where an RGB picture (H, W, 3) has ink, with some ground round it; the most ink first.

    The ink in `known` quads (N, 4, 2) does not count.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    ink = _without_specks(_without_rules(_ink(grey.astype(np.uint8, copy=False))))
    for quad in known:
        cv2.fillPoly(ink, [np.round(quad * scale).astype(np.int32)], 0)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((_JOIN, _JOIN), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    amounts = np.bincount(labels[ink > 0], minlength=len(stats))
    amounts[0] = 0
    for label in np.argsort(-amounts, kind="stable")[:_MOST_AREAS]:
        left, top, across, down, _ = (int(value) for value in stats[label])
        sides = max(across, down), min(across, down)
        if amounts[label] == 0 or sides[0] < _LEAST[0] or sides[1] < _LEAST[1]:
            continue
        room = max(4.0, _ROOM * min(across, down))
        edges = (left - room, top - room, left + across + room, top + down + room)
        left, top, right, bottom = (round(edge / scale) for edge in edges)
        yield max(0, left), max(0, top), min(width, right), min(height, bottom)


def _ink(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where a picture differs from the ground round it."""
    ground = cv2.medianBlur(grey, _GROUND)
    return (cv2.absdiff(grey, ground) >= _FAINT).astype(np.uint8)


def _without_rules(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rest = ink.copy()
    for sides in ((1, _RULE), (_RULE, 1)):
        rest[cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(sides, np.uint8)) > 0] = 0
    return rest


def _without_specks(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    kept = (sides >= _SPECK).astype(np.uint8)
    kept[0] = 0
    return np.asarray(kept[labels], np.uint8)
