"""Take round red seals off a page, so that the text under them is read and theirs is not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.colours import has_colour
from worker.ocr.detection.uncovering import Mask, black_of, hides_print, uncover
from worker.ocr.recognition.lines import Picture

_SIDE = 800
"""Pixels of the longer side of the picture in which seals are looked for."""
_RED = 32
"""Levels by which red ink is redder than green or blue."""
_LEAST_RED = 0.0008
"""The share of red pixels under which there can be no seal."""
_RADII = 0.02, 0.25
"""Of the picture's longer side."""
_ROUND = 0.8
"""Height to width of the ink's outline, or width to height."""
_NUM_SECTORS = 72
_RING = 0.75
"""The share of directions in which the ring has ink: text or a signature may hide some."""
_WIDTH = 0.1
"""Of the radius: how far the ring's ink may be off the circle."""
_MOST_FILLED = 0.6
"""The share of ink on the disc: a filled one is a picture."""
_RIM = 1.05


@dataclass(frozen=True, slots=True)
class _Disc:
    x: float
    y: float
    radius: float
    hides: bool = False

    def around(self, share: float = 1.0) -> tuple[slice, slice]:
        """The rows and columns that lie within a share of its radius."""
        reach = share * self.radius
        rows, columns = (
            slice(max(0, round(centre - reach)), round(centre + reach) + 1)
            for centre in (self.y, self.x)
        )
        return rows, columns


def without_seals(picture: Picture) -> Picture:
    """The RGB picture (H, W, 3) without its round red seals; itself where it has none."""
    if not has_colour(picture, _RED):
        return picture
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    ink = _red(small)
    if cv2.countNonZero(ink) < _LEAST_RED * ink.size:
        return picture
    discs = _seals(ink)
    if not discs:
        return picture
    cleared = picture.copy()
    for disc in discs:
        x, y, radius = disc.x / scale, disc.y / scale, disc.radius / scale
        _clear(cleared, _Disc(x, y, radius, _hides(small, ink, disc)))
    return cleared


def _red(picture: Picture) -> NDArray[np.uint8]:
    """255 where the ink is red, 0 elsewhere."""
    red, green, blue = cv2.split(picture)
    stands_out = cv2.subtract(red, cv2.max(green, blue))
    return np.asarray(cv2.threshold(stands_out, _RED, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _seals(ink: NDArray[np.uint8]) -> list[_Disc]:
    side = max(ink.shape)
    least, most = (share * side for share in _RADII)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        _, _, width, height = cv2.boundingRect(outline)
        if not 2 * least <= max(width, height) <= 2 * most:
            continue
        if min(width, height) < _ROUND * max(width, height):
            continue
        (x, y), radius = cv2.minEnclosingCircle(outline)
        disc = _Disc(x, y, radius)
        if _is_ring(ink, disc):
            found.append(disc)
    return found


def _is_ring(ink: NDArray[np.uint8], disc: _Disc) -> bool:
    """Whether there is ink all along the rim, and paper within."""
    rows, columns = disc.around(1 + _WIDTH)
    ys, xs = np.nonzero(ink[rows, columns])
    across, down = xs + columns.start - disc.x, ys + rows.start - disc.y
    distance = np.hypot(across, down) / disc.radius
    on_rim = np.abs(distance - 1 + _WIDTH / 2) < _WIDTH
    turns = np.arctan2(down[on_rim], across[on_rim]) / (2 * np.pi) + 0.5
    sectors = np.unique((turns * _NUM_SECTORS).astype(int) % _NUM_SECTORS)
    filled = (distance < 1).sum() / (np.pi * disc.radius**2)
    return bool(len(sectors) >= _RING * _NUM_SECTORS and filled <= _MOST_FILLED)


def _hides(picture: Picture, ink: Mask, disc: _Disc) -> bool:
    rows, columns = disc.around()
    seen = (ink[rows, columns] > 0).astype(np.uint8)
    return hides_print(seen, black_of(picture[rows, columns]))


def _clear(picture: Picture, disc: _Disc) -> None:
    """Show on the disc the print alone."""
    height, width = picture.shape[:2]
    reach = disc.radius * _RIM
    left, top = max(0, int(disc.x - reach)), max(0, int(disc.y - reach))
    right, bottom = min(width, int(disc.x + reach) + 2), min(height, int(disc.y + reach) + 2)
    part = picture[top:bottom, left:right]
    ys, xs = np.ogrid[top:bottom, left:right]
    inside = (xs - disc.x) ** 2 + (ys - disc.y) ** 2 <= reach**2
    uncover(part, 0, inside & (_red(part) > 0), inside, disc.hides)
