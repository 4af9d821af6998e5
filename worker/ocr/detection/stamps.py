"""Take rectangular stamps apart from the print that they are pressed on: coloured ink, a frame.

Red ink is bright in the red channel, where black ink is dark, blue and green ink in theirs. What
the stamp says is read from its own ink.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.boxes import Quads, in_reading_turn, spans
from worker.ocr.detection.colours import has_colour
from worker.ocr.detection.scaling import shrunk
from worker.ocr.detection.uncovering import (
    Mask,
    black_of,
    colour_of,
    hides_print,
    others_of,
    uncover,
    veils_print,
)
from worker.ocr.recognition.lines import Picture

_SIDE = 1000
"""Pixels of the longer side of the picture in which stamps are looked for."""
_COLOURED = 40
"""Levels by which its own channel is brighter than the others where there is a stamp's ink."""
_LEAST = 0.001
"""The share of such pixels under which there can be no stamp."""
_LENGTHS = 0.06, 0.7
"""Of the picture's longer side: the sides of a frame."""
_LOWEST = 0.02
_EDGE = 0.12
"""Of a frame's height: how far from the edge its strokes are."""
_DRAWN, _SEEN = 0.85, 0.6
"""The share of a side that is drawn or print, and that is seen of the ink."""
_STROKE = 0.5
"""Of a row along a side: the ink in a stroke of the frame. Letters have less of it."""
_MOST_FILLED = 0.6
_CROSSED = 3
"""Strokes of print that touch the stamp's ink. A frame round print has none, it is no stamp."""
_ROOM = 0.03
"""Of the frame's height: what is cleared round it."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A frame (4, 2) in pixels of the picture, the channel in which its ink is bright, and whether
    it hides the print or veils it: lets it through, but dim."""

    frame: NDArray[np.float32]
    channel: int
    hides: bool
    veils: bool = False

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
        inside = cv2.dilate(_within(np.asarray(whole, np.uint8)), np.ones((3, 3), np.uint8)) > 0
        grey = np.where(inside, others_of(level, self.channel), 255).astype(np.uint8)
        shown = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
        return shown, np.asarray(matrix, np.float64)


def find_stamps(picture: Picture) -> list[Stamp]:
    """The stamps of an RGB picture (H, W, 3) that are pressed on its print."""
    if not has_colour(picture, _COLOURED):
        return []
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small = shrunk(picture, scale)
    found: list[Stamp] = []
    for channel in (0, 2, 1):
        # Ink between blue and green is in both channels.
        found += [stamp for stamp in _stamps(small, channel) if not _is_among(stamp, found)]
    return [replace(stamp, frame=(stamp.frame / scale).astype(np.float32)) for stamp in found]


def _is_among(stamp: Stamp, others: list[Stamp]) -> bool:
    """Whether another has its frame, to a tenth of its height."""
    near = 0.1 * float(spans(stamp.frame[None])[1][0])
    return any(float(np.abs(stamp.frame - other.frame).max()) < near for other in others)


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
    _, ink = cv2.threshold(colour_of(picture, channel), _COLOURED, 255, cv2.THRESH_BINARY)
    return np.asarray(ink, np.uint8)


def _stamps(picture: Picture, channel: int) -> Iterator[Stamp]:
    ink = _ink(picture, channel)
    if cv2.countNonZero(ink) < _LEAST * ink.size:
        return
    joined = np.asarray(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8)
    frames = list(_frames(joined))
    if not frames:
        return
    black = black_of(picture)
    for frame in frames:
        strokes, print_ = _level(ink, frame), _level(black, frame)
        if _is_frame(_level(joined, frame), print_) and _is_crossed(strokes, print_):
            hides = hides_print(strokes, print_)
            veils = hides and veils_print(_flat(picture, frame), strokes, print_)
            yield Stamp(frame, channel, hides and not veils, veils)


def _frames(ink: Mask) -> Iterator[NDArray[np.float32]]:
    """The rectangles (4, 2) round connected ink that are as large as a stamp."""
    outlines, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    least, most = (share * max(ink.shape) for share in _LENGTHS)
    for outline in outlines:
        _, _, across, down = cv2.boundingRect(outline)
        if math.hypot(across, down) < least:
            continue  # as most are, and this tells it fastest
        rectangle = cv2.minAreaRect(outline)
        longer, shorter = max(rectangle[1]), min(rectangle[1])
        if not least <= longer <= most or shorter < _LOWEST * max(ink.shape):
            continue
        (frame,) = in_reading_turn(cv2.boxPoints(rectangle).astype(np.float32, copy=False)[None])
        yield frame


def _level(mask: Mask, frame: NDArray[np.float32]) -> Mask:
    return (_flat(mask, frame) > 0).astype(np.uint8)


def _flat(picture: NDArray[np.uint8], frame: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What is inside of a frame, level."""
    (width,), (height,) = (np.rint(side).astype(int) for side in spans(frame[None]))
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    matrix = cv2.getPerspectiveTransform(frame, corners)
    level = cv2.warpPerspective(picture, matrix, (int(width), int(height)), flags=cv2.INTER_NEAREST)
    return np.asarray(level, np.uint8)


def _is_frame(ink: Mask, black: Mask) -> bool:
    """Whether there are strokes along all four sides, which print may cross, and paper within."""
    edge = max(3, round(_EDGE * min(ink.shape)))
    if min(ink.shape) <= 2 * edge:  # a stroke, with nothing within
        return False
    drawn = all(
        float(of_ink.mean()) >= _SEEN and float((of_ink | of_print).mean()) >= _DRAWN
        for of_ink, of_print in zip(_along(ink, edge), _along(black, edge), strict=True)
    )
    return drawn and float(ink[edge:-edge, edge:-edge].mean()) <= _MOST_FILLED


def _along(mask: Mask, edge: int) -> list[Mask]:
    """Where there is something of a mask along each of its four sides."""
    sides = mask[:edge], mask[-edge:], mask[:, :edge].T, mask[:, -edge:].T
    return [side.max(0) for side in sides]


def _within(ink: Mask) -> Mask:
    """The ink (H, W), 0 or 255, within the strokes of a frame that lies along its edges.

    Marks on capitals stand close to the frame: what is cut off ends with its strokes. Of its
    corners, which may be round, something is left.
    """
    edge = round(_EDGE * min(ink.shape))
    sides = ink[:edge], ink[::-1][:edge], ink.T[:edge], ink.T[::-1][:edge]
    top, bottom, left, right = (_end_of_stroke(side) for side in sides)
    below, after = len(ink) - bottom, ink.shape[1] - right
    inside = np.zeros_like(ink)
    inside[top:below, left:after] = ink[top:below, left:after]
    _, parts = cv2.connectedComponents(inside[top:below, left:after])
    rows, columns = (
        np.union1d(*ends) for ends in ((parts[0], parts[-1]), (parts.T[0], parts.T[-1]))
    )
    corners = np.intersect1d(rows, columns)
    inside[top:below, left:after][np.isin(parts, corners)] = 0
    return inside


def _end_of_stroke(side: Mask) -> int:
    """Rows from the edge of a side (edge, length) to where the frame's stroke and its rim end."""
    (stroke,) = np.nonzero(side.mean(1) >= _STROKE * 255)
    return int(stroke[-1]) + 2 if len(stroke) else len(side)


def _is_crossed(ink: Mask, black: Mask) -> bool:
    """Whether strokes of print touch the ink in several places."""
    touched = cv2.bitwise_and(cv2.dilate(ink, np.ones((3, 3), np.uint8)), black)
    count, _ = cv2.connectedComponents(touched, connectivity=8)
    return bool(count - 1 >= _CROSSED)


def _clear(picture: Picture, stamp: Stamp) -> None:
    """Show within the frame the print alone."""
    room = _ROOM * float(spans(stamp.frame[None])[1][0]) + 2
    (left, top), (right, bottom) = stamp.frame.min(0) - room, stamp.frame.max(0) + room
    part = picture[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1]
    ink = _ink(part, stamp.channel)
    near = cv2.dilate(ink, np.ones((9, 9), np.uint8))  # with the rims that a JPEG has
    uncover(part, stamp.channel, ink > 0, near > 0, stamp.hides, stamp.veils)
