"""Take rectangular stamps apart from the print that they are pressed on: red or blue ink, a frame.

Red ink is bright in the red channel, where black ink is dark; blue ink is in the blue one. What the
stamp says is read from its own ink.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.boxes import Quads, in_reading_turn, spans
from worker.ocr.detection.colours import has_colour
from worker.ocr.recognition.lines import Picture

Mask = NDArray[np.uint8]

_SIDE = 1000
"""Pixels of the longer side of the picture in which stamps are looked for."""
_COLOURED = 40
"""Levels by which its own channel is brighter than the others where there is a stamp's ink."""
_LEAST = 0.001
"""The share of such pixels under which there can be no stamp."""
_DARK = 110
"""The level of its brightest channel under which ink is black."""
_LENGTHS = 0.06, 0.7
"""Of the picture's longer side: the sides of a frame."""
_LOWEST = 0.02
_EDGE = 0.12
"""Of a frame's height: how far from the edge its strokes are."""
_DRAWN = 0.85
"""The share of a side that is drawn: print may hide some."""
_MOST_FILLED = 0.6
_CROSSED = 3
"""Strokes of print that touch the stamp's ink. A frame round print has none, it is no stamp."""
_ROOM = 0.03
"""Of the frame's height: what is cleared round it."""
_PALEST, _DARKEST = 90, 10
"""Percentiles: of the brightness of the paper, and of the ink that is raised to it."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A frame (4, 2) in pixels of the picture, and the channel in which its ink is bright."""

    frame: NDArray[np.float32]
    channel: int

    def levelled(self, picture: Picture) -> tuple[Picture, NDArray[np.float64]]:
        """The stamp's own ink inside its frame, level and grey, and the matrix (3, 3) from there
        to the picture, which is RGB (H, W, 3)."""
        (width,), (height,) = (np.rint(side).astype(int) for side in spans(self.frame[None]))
        corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
        matrix = cv2.getPerspectiveTransform(corners, self.frame)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        part = cv2.warpPerspective(picture, matrix, (int(width), int(height)), flags=flags)
        level = part.astype(np.uint8, copy=False)
        ink = _ink(level, self.channel)
        # Print over the stamp makes holes in its letters.
        whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        edge = round(_EDGE * height)
        inside = np.zeros_like(ink, bool)
        inside[edge : height - edge, edge : width - edge] = True
        inside &= cv2.dilate(whole, np.ones((3, 3), np.uint8)) > 0
        grey = np.where(inside, _others(level, self.channel), 255).astype(np.uint8)
        shown = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
        return shown, np.asarray(matrix, np.float64)


def find_stamps(picture: Picture) -> list[Stamp]:
    """The stamps of an RGB picture (H, W, 3) that are pressed on its print."""
    if not has_colour(picture, _COLOURED):
        return []
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return [
        Stamp((frame / scale).astype(np.float32), channel)
        for channel in (0, 2)
        for frame in _frames(small, channel)
    ]


def without_stamps(picture: Picture, stamps: list[Stamp]) -> Picture:
    """The RGB picture (H, W, 3) with the print under its stamps alone; itself if it has none."""
    if not stamps:
        return picture
    cleared = picture.copy()
    for stamp in stamps:
        _clear(cleared, stamp)
    return cleared


def in_picture(quads: Quads, matrix: NDArray[np.float64]) -> Quads:
    """The quads (N, 4, 2) of a levelled stamp, in pixels of the picture."""
    if len(quads) == 0:
        return quads
    moved = cv2.perspectiveTransform(quads.reshape(1, -1, 2).astype(np.float64), matrix)
    return moved.reshape(-1, 4, 2).astype(np.float32)


def _ink(picture: Picture, channel: int) -> Mask:
    """255 where the ink has the colour of a channel."""
    more = cv2.subtract(picture[..., channel], _others(picture, channel))
    return np.where(more > _COLOURED, 255, 0).astype(np.uint8)


def _others(picture: Picture, channel: int) -> Mask:
    """How bright a picture is where ink of a channel's colour is dark."""
    red, green, blue = cv2.split(picture)
    # Blue ink may be as green as it is blue.
    return np.asarray(cv2.max(green, blue) if channel == 0 else red, np.uint8)


def _frames(picture: Picture, channel: int) -> Iterator[NDArray[np.float32]]:
    ink = _ink(picture, channel)
    if cv2.countNonZero(ink) < _LEAST * ink.size:
        return
    black = (picture.max(2) < _DARK).astype(np.uint8)
    joined = np.asarray(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    least, most = (share * max(ink.shape) for share in _LENGTHS)
    for outline in outlines:
        rectangle = cv2.minAreaRect(outline)
        longer, shorter = max(rectangle[1]), min(rectangle[1])
        if not least <= longer <= most or shorter < _LOWEST * max(ink.shape):
            continue
        (frame,) = in_reading_turn(cv2.boxPoints(rectangle).astype(np.float32, copy=False)[None])
        if _is_frame(_level(joined, frame)) and _is_crossed(
            _level(ink, frame), _level(black, frame)
        ):
            yield frame


def _level(mask: Mask, frame: NDArray[np.float32]) -> Mask:
    (width,), (height,) = (np.rint(side).astype(int) for side in spans(frame[None]))
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    matrix = cv2.getPerspectiveTransform(frame, corners)
    level = cv2.warpPerspective(mask, matrix, (int(width), int(height)), flags=cv2.INTER_NEAREST)
    return (np.asarray(level) > 0).astype(np.uint8)


def _is_frame(ink: Mask) -> bool:
    """Whether there are strokes along all four sides, and paper within."""
    edge = max(3, round(_EDGE * min(ink.shape)))
    if min(ink.shape) <= 2 * edge:  # a stroke, with nothing within
        return False
    sides = ink[:edge], ink[-edge:], ink[:, :edge].T, ink[:, -edge:].T
    drawn = all(float(side.max(0).mean()) >= _DRAWN for side in sides)
    return drawn and float(ink[edge:-edge, edge:-edge].mean()) <= _MOST_FILLED


def _is_crossed(ink: Mask, black: Mask) -> bool:
    """Whether strokes of print touch the ink in several places."""
    touched = cv2.bitwise_and(cv2.dilate(ink, np.ones((3, 3), np.uint8)), black)
    count, _ = cv2.connectedComponents(touched, connectivity=8)
    return bool(count - 1 >= _CROSSED)


def _clear(picture: Picture, stamp: Stamp) -> None:
    """Show within the frame what the stamp's channel shows, its ink as bright as the paper."""
    room = _ROOM * float(spans(stamp.frame[None])[1][0]) + 2
    (left, top), (right, bottom) = stamp.frame.min(0) - room, stamp.frame.max(0) + room
    part = picture[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
    ink = _ink(part, stamp.channel) > 0
    if not ink.any():
        return
    near = cv2.dilate(ink.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    channel = part[..., stamp.channel].astype(np.float32)
    paper = np.percentile(part.reshape(-1, 3), _PALEST, axis=0)
    raised = float(min(np.percentile(channel[ink], _DARKEST), paper[stamp.channel]))
    bright = np.minimum(1.0, channel / max(1.0, raised))
    part[near] = (bright[..., None] * paper).astype(np.uint8)[near]
