"""Cut the picture of a text line out of a page, and a line that is too wide into parts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.bends import Bend
from worker.ocr.recognition.lines import HEIGHT, Picture
from worker.ocr.recognition.spacing import profile_of

WIDEST = 1600
"""Pixels at 48 high: the widest lines that the recogniser was taught."""
_LEVEL = 1.5
"""Pixels by which the corners of a level box may differ: warping would only blur it."""
_INSIDE = 0.25
"""Pixels. A corner this little past a pixel's edge does not take the pixel in."""
_SIDE = 0.5
"""Pixels of the shortest side that a quad has."""
_GAP = 0.3
"""In heights: the blank at which a line is cut is about a space wide."""
_STEP = 0.2
"""The share of a line's steepest step between two pixels from which a row has ink."""
_ROOM = 0.1
"""Of the ink's height: what is left free above and below."""


@dataclass(frozen=True, slots=True)
class Crop:
    """The line of a quad (4, 2) on an RGB page (H, W, 3): cut out, level, once it is needed.

    It tells its size before. One that is bent is known by its bend.
    """

    picture: Picture
    quad: NDArray[np.float32]
    bend: Bend | None = None

    @classmethod
    def of(cls, line: Picture) -> Crop:
        """A picture that is all line."""
        height, width = line.shape[:2]
        corners = ((0, 0), (width, 0), (width, height), (0, height))
        return cls(line, np.array(corners, np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """Its height and its width in pixels."""
        if self.bend:
            return self.bend.shape
        if _is_level(self.quad):
            left, top, right, bottom = _bounds(self.picture, self.quad)
            return bottom - top, right - left
        return _size(self.quad)

    @property
    def place(self) -> NDArray[np.float32] | None:
        """The quad (4, 2) of the pixels that are cut out; none where no quad tells them."""
        if self.bend:
            return None
        if not _is_level(self.quad):
            return self.quad if _has_sides(self.quad) else None
        left, top, right, bottom = _bounds(self.picture, self.quad)
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return np.array(corners, np.float32)

    def pixels(self) -> Picture:
        """Cut it out."""
        return self.bend.straightened(self.picture) if self.bend else crop(self.picture, self.quad)

    def parts(self) -> list[tuple[Crop, float, float]]:
        """What of it the recogniser can take at once, from where to where as shares of it."""
        height, width = self.shape
        if width * HEIGHT <= WIDEST * height:
            return [(self, 0.0, 1.0)]
        line = self.pixels()
        return [
            (Crop.of(line[:, start:end]), start / width, end / width)
            for start, end in parts_of(line)
        ]


def crop(picture: Picture, quad: NDArray[np.float32]) -> Picture:
    """Cut a quad (4, 2) out of a page (H, W, 3) and make it level; at least one pixel a side."""
    if _is_level(quad):
        return _cut(picture, quad)
    height, width = _size(quad)
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    # Only the surroundings are warped: the whole of a 50 MP page would be copied for each line.
    left, top = np.maximum(np.floor(quad.min(0)).astype(int) - 2, 0)
    right, bottom = np.ceil(quad.max(0)).astype(int) + 3
    # Quads are in pixel edges, warping is in pixel centres: half a pixel lies between them.
    origin = np.array((left + 0.5, top + 0.5), np.float32)
    transform = cv2.getPerspectiveTransform(quad - origin, corners - np.float32(0.5))
    level = cv2.warpPerspective(
        _part(picture, left, top, right, bottom),
        transform,
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return level.astype(np.uint8, copy=False)


def parts_of(line: Picture) -> list[tuple[int, int]]:
    """Cut a line at blanks into parts (start, end) in pixels that the recogniser can take.

    The cuts lie where least ink changes along the line, near where equal parts would end.
    """
    height, width = line.shape[:2]
    num_parts = -(-width * HEIGHT // (WIDEST * height))
    if num_parts <= 1:
        return [(0, width)]
    # Parts may come out a third longer than equal ones: leave room for that.
    num_parts = -(-width * HEIGHT * 4 // (WIDEST * height * 3))
    size = max(1, round(_GAP * height))
    ink = np.convolve(profile_of(line), np.ones(size), "same")
    reach = width // (6 * num_parts)
    ends = [width * number // num_parts for number in range(1, num_parts)]
    cuts = [end - reach + int(np.argmin(ink[end - reach : end + reach + 1])) for end in ends]
    return list(pairwise((0, *cuts, width)))


def runs_of(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first and the last place (exclusive) of each run of True in (N,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marked.view(np.int8), [0]))))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def rows_of_ink(line: Picture) -> tuple[int, int]:
    """The first row of a line (H, W, 3) that has ink, less a margin, and the end of the last.

    A row is blank where no step along it stands out, so that a single dot or hook keeps its row.
    """
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY).astype(np.int16)
    steps = np.abs(np.diff(grey, axis=1)).max(1, initial=0)
    inked = np.flatnonzero(steps > _STEP * steps.max(initial=0))
    if len(inked) == 0:
        return 0, len(line)
    first, last = int(inked[0]), int(inked[-1]) + 1
    margin = max(1, round(_ROOM * (last - first)))
    return max(0, first - margin), min(len(line), last + margin)


def _is_level(quad: NDArray[np.float32]) -> bool:
    # Plain numbers: four corners are too few for arrays to pay, and a page has a hundred lines.
    (left, top), (right, other_top), (other_right, bottom), (other_left, other_bottom) = (
        quad.tolist()
    )
    shifts = (top - other_top, bottom - other_bottom, left - other_left, right - other_right)
    return bool(bottom > top and right > left and max(map(abs, shifts)) <= _LEVEL)


def _has_sides(quad: NDArray[np.float32]) -> bool:
    """Whether no two corners have fallen into one: such a quad has no ways to lead to it."""
    corners = quad.tolist()
    return all(math.dist(one, corners[number - 1]) > _SIDE for number, one in enumerate(corners))


def _cut(picture: Picture, quad: NDArray[np.float32]) -> Picture:
    """The pixels of a level quad."""
    left, top, right, bottom = _bounds(picture, quad)
    return picture[top:bottom, left:right]


def _bounds(picture: Picture, quad: NDArray[np.float32]) -> tuple[int, int, int, int]:
    xs, ys = zip(*quad.tolist(), strict=True)
    left, top = (math.floor(min(places) + _INSIDE) for places in (xs, ys))
    right, bottom = (math.ceil(max(places) - _INSIDE) for places in (xs, ys))
    return _within(picture, left, top, right, bottom)


def _size(quad: NDArray[np.float32]) -> tuple[int, int]:
    """The height and width of a quad that is not level, in pixels."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.tolist()
    height = math.hypot(dx + cx - ax - bx, dy + cy - ay - by) / 2
    width = math.hypot(bx + cx - ax - dx, by + cy - ay - dy) / 2
    return max(1, round(height)), max(1, round(width))


def _part(picture: Picture, left: int, top: int, right: int, bottom: int) -> Picture:
    left, top, right, bottom = _within(picture, left, top, right, bottom)
    return picture[top:bottom, left:right]


def _within(
    picture: Picture, left: int, top: int, right: int, bottom: int
) -> tuple[int, int, int, int]:
    """What of some pixels there is; one at least."""
    height, width = picture.shape[:2]
    left, top = max(0, min(left, width - 1)), max(0, min(top, height - 1))
    return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)
