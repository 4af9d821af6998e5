"""From the detector's probability map to the quads of text lines (DB, arXiv 1911.08947)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.bends import Bend, bend_of

Quads: TypeAlias = NDArray[np.float32]
"""(N, 4, 2), x before y: top left, top right, bottom right, bottom left."""
NONE: Quads = np.zeros((0, 4, 2), np.float32)

THRESHOLD = 0.3
BOX_THRESHOLD = 0.5
_LIKELY = 0.7
"""The score from which a region is hardly ever anything but text."""
UNCLIP = 1.7
"""How far a box grows: `UNCLIP` times its area divided by its girth, on every side. The network
was taught shrunken boxes; this gives the stacked marks of Ẩ ễ Ộ and the dots below their place."""
_MAX_CANDIDATES = 3000
_MIN_SIDE = 3
_JOIN = np.ones((2, 2), np.uint8)


@dataclass(frozen=True, slots=True)
class Found:
    """The lines of a map or picture: their quads, the score of each, and how it is bent, if it is.

    `likely` are the quads (M, 4, 2) of all regions with a high score, lines or not.
    """

    quads: Quads
    scores: NDArray[np.float32]
    bends: tuple[Bend | None, ...]
    likely: Quads

    @classmethod
    def only(cls, quads: Quads) -> Found:
        """Straight lines that are sure."""
        return cls(quads, np.ones(len(quads), np.float32), (None,) * len(quads), NONE)

    @property
    def outlines(self) -> Quads:
        """The quads, those of bent lines large enough to hold all of them."""
        pairs = zip(self.quads, self.bends, strict=True)
        return _stacked([bend.around(0.0, 1.0) if bend else quad for quad, bend in pairs])

    @classmethod
    def of(cls, parts: Sequence[Found]) -> Found:
        """What was found in several looks at a picture."""
        return cls(
            np.concatenate((NONE, *(part.quads for part in parts))),
            np.concatenate((np.zeros(0, np.float32), *(part.scores for part in parts))),
            tuple(bend for part in parts for bend in part.bends),
            np.concatenate((NONE, *(part.likely for part in parts))),
        )

    def moved(self, offset: NDArray[np.float32], scale: NDArray[np.float32] | float = 1.0) -> Found:
        """The same where the picture is moved by (x, y) and then shrunk by (x, y)."""
        return replace(
            self,
            quads=np.divide(self.quads + offset, scale, dtype=np.float32),
            bends=tuple(bend and bend.moved(offset, scale) for bend in self.bends),
            likely=np.divide(self.likely + offset, scale, dtype=np.float32),
        )


def find_boxes(probability: NDArray[np.float32]) -> Found:
    """Find the text lines in a map (H, W) of 0..1, in map pixels."""
    bitmap = cv2.dilate((probability > THRESHOLD).astype(np.uint8), _JOIN)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quads: list[NDArray[np.float32]] = []
    scores: list[float] = []
    bends: list[Bend | None] = []
    likely: list[NDArray[np.float32]] = []
    for contour in contours[:_MAX_CANDIDATES]:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < _MIN_SIDE:
            continue
        bend = bend_of(contour.astype(np.int32, copy=False), rectangle, UNCLIP)
        quad = bend.quad if bend else in_reading_turn(_corners(_unclipped(rectangle)))
        score = inside = _mean_inside(probability, _corners(rectangle))
        if score < BOX_THRESHOLD:
            inside = _mean_inside(probability, contour.reshape(-1, 2).astype(np.float32))
            score = inside if bend else score
        if score >= BOX_THRESHOLD:
            quads.append(quad)
            scores.append(score)
            bends.append(bend)
        if inside >= _LIKELY:
            likely.append(quad)
    return Found(
        _parted(_stacked(quads)), np.array(scores, np.float32), tuple(bends), _stacked(likely)
    )


def _stacked(quads: list[NDArray[np.float32]]) -> Quads:
    return np.stack(quads) if quads else NONE


def _corners(rectangle: cv2.typing.RotatedRect) -> NDArray[np.float32]:
    return cv2.boxPoints(rectangle).astype(np.float32, copy=False)


def _unclipped(rectangle: cv2.typing.RotatedRect) -> cv2.typing.RotatedRect:
    centre, (width, height), angle = rectangle
    grow = UNCLIP * width * height / (width + height)  # twice the offset of one side
    return centre, (width + grow, height + grow), angle


def _mean_inside(probability: NDArray[np.float32], points: NDArray[np.float32]) -> float:
    """The mean probability inside a quad, the score that DB gives a box."""
    height, width = probability.shape
    left, top = np.clip(np.floor(points.min(0)).astype(int), 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(points.max(0)).astype(int), 0, (width - 1, height - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(points - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(probability[top : bottom + 1, left : right + 1], mask)[0])


def _parted(quads: Quads) -> Quads:
    """Take neighbours of one row apart that grew into each other, half of it from each.

    Else the first letter of a column shows at the end of the line to its left, and is read twice.
    """
    lengths, heights = spans(quads)
    axes = (quads[:, 1] - quads[:, 0]) / np.maximum(lengths, 1e-6)[:, None]
    apart = quads.mean(1)[None] - quads.mean(1)[:, None]  # from the first index to the second
    along = np.einsum("ijk,ik->ij", apart, axes)
    across = np.abs(apart[..., 1] * axes[:, None, 0] - apart[..., 0] * axes[:, None, 1])
    shared = (lengths[:, None] + lengths[None]) / 2 - along
    lowest = np.minimum(heights[:, None], heights[None])
    meets = (along > 0) & (across < lowest / 2) & (shared > 0) & (shared < lowest)
    parted = quads.copy()
    for left, right in np.argwhere(meets):
        cut = shared[left, right] / 2
        parted[left, 1:3] -= cut * axes[left]
        parted[right, (0, 3)] += cut * axes[right]
    return parted


def in_reading_turn(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Order four corners: top left, top right, bottom right, bottom left, for tilts under 45°."""
    around = points - points.mean(0)
    # Clockwise on a page whose y grows downwards, starting from the left.
    clockwise = points[np.argsort(np.arctan2(around[:, 1], around[:, 0]), kind="stable")]
    start = int(np.argmin(clockwise.sum(1)))
    turned = np.roll(clockwise, -start, axis=0)
    sides = np.linalg.norm(np.roll(turned, -1, axis=0) - turned, axis=1)
    top = turned[1] - turned[0]
    if sides[0] > 0 and abs(top[1]) > abs(top[0]):
        # A steep first side: the leftmost-topmost corner was not the top left one.
        turned = np.roll(turned, -1 if top[1] < 0 else 1, axis=0)
    return np.ascontiguousarray(turned, np.float32)


def spans(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The length along the text and the height across it of each quad, in pixels."""
    top = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    bottom = np.linalg.norm(quads[:, 2] - quads[:, 3], axis=1)
    left = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    right = np.linalg.norm(quads[:, 2] - quads[:, 1], axis=1)
    return (top + bottom) / 2, (left + right) / 2
