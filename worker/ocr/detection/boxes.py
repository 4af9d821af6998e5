"""From the detector's probability map to the quads of text lines (DB, arXiv 1911.08947)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
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
_NEXT = [1, 2, 3, 0]
"""The corner after each of a quad's."""


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
        outlines = self.quads.copy()
        for number, bend in enumerate(self.bends):
            if bend:
                outlines[number] = bend.around(0.0, 1.0)
        return outlines

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
    bitmap = cv2.dilate((probability > THRESHOLD).view(np.uint8), _JOIN)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    rectangles = [cv2.minAreaRect(contour) for contour in contours[:_MAX_CANDIDATES]]
    kept = [number for number, (_, sides, _) in enumerate(rectangles) if min(sides) >= _MIN_SIDE]
    if not kept:
        return Found.only(NONE)
    contours = [np.asarray(contours[number], np.int32) for number in kept]
    rectangles = [rectangles[number] for number in kept]
    bends = list(map(partial(bend_of, unclip=UNCLIP), contours, rectangles))
    measures = np.array([(*centre, *sides, angle) for centre, sides, angle in rectangles])
    quads = in_reading_turn(_corners(_unclipped(measures)))
    for number, bend in enumerate(bends):
        if bend:
            quads[number] = bend.quad
    means = _means_inside(probability, _corners(measures))
    # What is sparse in its rectangle is looked at more closely.
    insides = means.copy()
    for number in np.flatnonzero(means < _LIKELY).tolist():
        points = contours[number].reshape(1, -1, 2).astype(np.float32)
        insides[number] = _means_inside(probability, points)[0]
    is_bent = np.array([bend is not None for bend in bends])
    scores = np.where(is_bent, insides, means)
    found = scores >= BOX_THRESHOLD
    return Found(
        _parted(quads[found]),
        scores[found],
        tuple(bend for bend, is_found in zip(bends, found, strict=True) if is_found),
        quads[insides >= _LIKELY],
    )


def _corners(rectangles: NDArray[np.float64]) -> Quads:
    """The corners of rectangles (N, 5): their centres, sides and angles in degrees."""
    centres, sides, angles = rectangles[:, None, :2], rectangles[:, 2:4], rectangles[:, 4]
    turns = np.deg2rad(angles)
    cosines, sines = np.cos(turns) / 2, np.sin(turns) / 2
    along = np.stack((cosines, sines), axis=1) * sides[:, :1]
    across = np.stack((-sines, cosines), axis=1) * sides[:, 1:]
    corners = np.stack((across - along, -along - across, along - across, along + across), axis=1)
    return np.asarray(centres + corners, np.float32)


def _unclipped(rectangles: NDArray[np.float64]) -> NDArray[np.float64]:
    width, height = rectangles[:, 2], rectangles[:, 3]
    grown = rectangles.copy()
    # Twice the offset of one side.
    grown[:, 2:4] += (UNCLIP * width * height / (width + height))[:, None]
    return grown


def _means_inside(probability: NDArray[np.float32], quads: Quads) -> NDArray[np.float32]:
    """The mean probability inside of each polygon (N, K, 2), the score that DB gives a box."""
    most = np.array(probability.shape[::-1]) - 1
    firsts = np.clip(np.floor(quads.min(1)).astype(int), 0, most)
    lasts = np.clip(np.ceil(quads.max(1)).astype(int), 0, most)
    inner = (quads - firsts[:, None]).astype(np.int32)
    means = np.zeros(len(quads), np.float32)
    for number, ((left, top), (right, bottom)) in enumerate(
        zip(firsts.tolist(), lasts.tolist(), strict=True)
    ):
        mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
        cv2.fillPoly(mask, [inner[number]], 1)
        means[number] = cv2.mean(probability[top : bottom + 1, left : right + 1], mask)[0]
    return means


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


def in_reading_turn(quads: Quads) -> Quads:
    """Order the corners of quads (N, 4, 2): top left, top right, bottom right, bottom left, for
    tilts under 45 degrees."""
    around = quads - quads.mean(1, keepdims=True)
    # Clockwise on a page whose y grows downwards, starting from the left.
    order = np.argsort(np.arctan2(around[..., 1], around[..., 0]), axis=1, kind="stable")
    clockwise = np.take_along_axis(quads, order[..., None], axis=1)
    turned = _rolled(clockwise, clockwise.sum(2).argmin(1))
    top = turned[:, 1] - turned[:, 0]
    # A steep first side: the leftmost-topmost corner was not the top left one.
    steep = np.abs(top[:, 1]) > np.abs(top[:, 0])
    return _rolled(turned, np.where(steep, np.where(top[:, 1] < 0, 1, 3), 0))


def _rolled(quads: Quads, firsts: NDArray[np.integer]) -> Quads:
    """The corners (N, 4, 2) from one of them on."""
    order = (firsts[:, None] + np.arange(4)) % 4
    return np.asarray(np.take_along_axis(quads, order[..., None], axis=1), np.float32)


def spans(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The length along the text and the height across it of each quad, in pixels."""
    sides = np.linalg.norm(quads[:, _NEXT] - quads, axis=2)
    return (sides[:, 0] + sides[:, 2]) / 2, (sides[:, 1] + sides[:, 3]) / 2
