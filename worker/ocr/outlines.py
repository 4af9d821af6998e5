"""What straight strokes outline on a page: a look at a smaller picture of it.

It is what check boxes and the places for single letters are found by.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.connected import Boxes, connected
from worker.ocr.detection.scaling import LINE, Small, shrunk
from worker.ocr.detection.sheet import Sheet
from worker.ocr.recognition.lines import Picture

HEIGHT = 2 * LINE
"""Pixels of a text line's box where boxes are looked at closely."""
FAINT = 18
"""Grey levels by which a stroke is darker than what is round it."""
# In heights of a line.
STROKE = 0.4
"""How long a straight stroke is at least: those of ticks and crosses are aslant."""
THREE = np.ones((3, 1), np.uint8)

Grey = NDArray[np.uint8]
Sums = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Look:
    """A page, RGB or grey, and what is on the picture of it that is half as large as `scale`.

    `ground` is its paper, `across` and `down` are its strokes, `sums` (H + 1, W + 1) how much of
    each there is above and left of a pixel; `boxes` (N, 4) are the left, top, length and height of
    what is connected.
    """

    picture: Picture
    scale: float
    ground: Grey
    across: Grey
    down: Grey
    sums: tuple[Sums, Sums]
    boxes: Boxes

    @classmethod
    def at(cls, picture: Picture, small: Small) -> Look:
        """A look at a page, and at a small picture of it, made from it."""
        ground = np.asarray(cv2.blur(small.grey, (3 * LINE, 3 * LINE)), np.uint8)
        ink, length = ink_on(small.grey, ground, FAINT // 2), round(STROKE * LINE) - 2
        across, down = strokes_across(ink, length), strokes_down(ink, length)
        return cls(
            picture,
            2 * small.scale,
            ground,
            across,
            down,
            (_sums(across), _sums(down)),
            connected(np.asarray(cv2.bitwise_or(across, down), np.uint8))[1],
        )

    @classmethod
    def of(cls, sheet: Sheet) -> Look | None:
        """A look at a sheet, by whose lines its scale is known; none where it has no line."""
        if len(sheet.quads) == 0:
            return None
        return cls.at(sheet.picture, sheet.small)

    def outline(self, box: NDArray[np.intp]) -> NDArray[np.int32]:
        """What is round the strokes that one of the boxes is of: no others there fill it."""
        left, top, width, height = box.tolist()
        part = np.s_[top : top + height, left : left + width]
        found = outlines_of(cv2.bitwise_or(self.across[part], self.down[part]))
        filling = max(found, key=lambda outline: sum(cv2.boundingRect(outline)[2:]))
        return filling + box[:2].astype(np.int32)

    def are_closed(self, rectangles: Boxes, share: float) -> NDArray[np.bool_]:
        """Whether strokes run along a share of all four sides of rectangles (N, 4)."""
        left, top, width, height = rectangles.T
        right, bottom = left + width, top + height
        x, y = np.maximum(3, width // 4), np.maximum(3, height // 4)
        across, down = self.sums
        bands = (
            (across, left, top, right, top + y, width),
            (across, left, bottom - y, right, bottom, width),
            (down, left, top, left + x, bottom, height),
            (down, right - x, top, right, bottom, height),
        )
        closed = np.ones(len(rectangles), bool)
        for sums, x0, y0, x1, y1, length in bands:
            filled = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
            # A stroke is thickened to three pixels at least.
            closed &= filled >= share * 2 * length
        return closed


def scaled(grey: Grey, scale: float) -> Grey:
    """A picture made smaller or larger."""
    if scale < 1:
        return shrunk(grey, scale)
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale), np.uint8)


def ink_on(grey: Grey, ground: Grey, faint: int) -> Grey:
    """1 where a picture is darker than what is round it."""
    _, inked = cv2.threshold(cv2.subtract(ground, grey), faint, 1, cv2.THRESH_BINARY)
    return np.asarray(inked, np.uint8)


def strokes_across(inked: Grey, length: int) -> Grey:
    """The strokes that run across; those a little aslant, too."""
    long = np.ones((1, length), np.uint8)
    return np.asarray(cv2.morphologyEx(cv2.dilate(inked, THREE), cv2.MORPH_OPEN, long), np.uint8)


def strokes_down(inked: Grey, length: int) -> Grey:
    """The strokes that run down; those a little aslant, too."""
    long = np.ones((length, 1), np.uint8)
    return np.asarray(cv2.morphologyEx(cv2.dilate(inked, THREE.T), cv2.MORPH_OPEN, long), np.uint8)


def outlines_of(strokes: cv2.typing.MatLike) -> list[NDArray[np.int32]]:
    """What is round each connected stroke, also within the frame of a form or a cell of a table."""
    found, tree = cv2.findContours(strokes, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    return [np.asarray(found[at], np.int32) for at in np.flatnonzero(tree[0, :, 3] < 0).tolist()]


def _sums(strokes: Grey) -> Sums:
    return np.asarray(cv2.integral(strokes), np.int32)
