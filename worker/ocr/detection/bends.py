"""Lines that are bent, as on the page of a book or on a bottle: found and made straight."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.lines import Picture

Points = NDArray[np.float32]
"""(N, 2), x before y."""

_FULL = 0.78
"""The share of its rectangle that a straight region fills; what is bent fills less."""
_LONG = 4.0
"""Length in heights of the region from which a bend can be told."""
_BENT = 0.3
"""In heights of the region, which is less than half as high as its line: how far the middle of a
bent line is off a straight one. Lines that are off by 0.4 are lost if taken for straight."""
_ROUGH = 0.3
"""In heights of the region: how far its middle may lie off the curve, on average."""
_UNEVEN = 1.6
"""How much higher than in the middle of all places a region may be where it is high."""
_STEPS = 32


@dataclass(frozen=True, slots=True)
class Bend:
    """The middle of a bent line, (N, 2) at equal steps from its start on, and its height."""

    path: Points
    height: float

    @property
    def length(self) -> float:
        """Pixels along the line."""
        return float(np.linalg.norm(np.diff(self.path, axis=0), axis=1).sum())

    @property
    def quad(self) -> Points:
        """The straight line (4, 2) of the same length and height that lies nearest."""
        along = self.path[-1] - self.path[0]
        along = along / max(1e-6, float(np.linalg.norm(along)))
        across = np.array((-along[1], along[0])) * self.height / 2
        start, end = (self.path.mean(0) + side * along * self.length / 2 for side in (-1, 1))
        return np.array((start - across, end - across, end + across, start + across), np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the line made straight."""
        return max(1, round(self.height)), max(1, round(self.length))

    def part(self, start: float, end: float) -> Points:
        """The quad (4, 2) of what stands from `start` to `end`, as shares of the length."""
        middle, across = self._at(np.array((start, end)))
        up, down = middle - across, middle + across
        return np.array((up[0], up[1], down[1], down[0]), np.float32)

    def around(self, start: float, end: float) -> Points:
        """The rectangle (4, 2) along the line that holds all from `start` to `end`."""
        middle, across = self._at(np.linspace(start, end, _STEPS))
        along = middle[-1] - middle[0]
        along = along / max(1e-6, float(np.linalg.norm(along)))
        axes = np.array((along, (-along[1], along[0])))
        turned = np.concatenate((middle - across, middle + across)) @ axes.T
        (left, top), (right, bottom) = turned.min(0), turned.max(0)
        corners = np.array(((left, top), (right, top), (right, bottom), (left, bottom)))
        return np.asarray(corners @ axes, np.float32)

    def straightened(self, picture: Picture) -> Picture:
        """The line of an RGB picture (H, W, 3), level."""
        height, width = self.shape
        middle, across = self._at((np.arange(width) + 0.5) / width)
        shares = ((np.arange(height) + 0.5) / height * 2 - 1)[:, None, None]
        places = (middle + shares * across - 0.5).astype(np.float32)
        x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
        level = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return level.astype(np.uint8, copy=False)

    def moved(self, offset: Points, scale: Points | float) -> Bend:
        """The same line where the picture is moved and shrunk."""
        path = (self.path + offset) / scale
        return Bend(path.astype(np.float32), self.height / float(np.mean(scale)))

    def turned_round(self, height: int, width: int) -> Bend:
        """The same line of a picture (H, W) that was turned by 180 degrees."""
        turned = np.array((width, height), np.float32) - self.path[::-1]
        return Bend(np.ascontiguousarray(turned), self.height)

    def _at(self, shares: NDArray[np.float64]) -> tuple[Points, Points]:
        """The middle of the line at some places, and the way from it to the lower edge."""
        places = shares * (len(self.path) - 1)
        steps = np.arange(len(self.path))
        slopes = np.gradient(self.path, axis=0)
        x, y, dx, dy = (np.interp(places, steps, values) for values in (*self.path.T, *slopes.T))
        norm = np.maximum(1e-6, np.hypot(dx, dy))
        across = np.stack((-dy / norm, dx / norm), axis=-1) * self.height / 2
        return np.stack((x, y), axis=-1).astype(np.float32), across.astype(np.float32)


def bend_of(
    contour: NDArray[np.int32], rectangle: cv2.typing.RotatedRect, unclip: float
) -> Bend | None:
    """The bent line whose region has this contour and rectangle; None where it is straight.

    The line is larger than its region on every side: by `unclip` times its area over its girth.
    """
    centre, (width, height), angle = rectangle
    if width < height:
        width, height, angle = height, width, angle - 90
    angle = np.deg2rad((angle + 90) % 180 - 90)
    if width < _LONG * height / 2 or abs(angle) > np.pi / 4:
        return None
    if cv2.contourArea(contour) > _FULL * width * height:
        return None
    turn = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
    points = (contour.reshape(-1, 2) - np.array(centre)) @ turn.T
    found = _centre_line(points)
    if found is None:
        return None
    curve, (first, last), thickness = found
    length = last - first
    room = unclip * length * thickness / (length + thickness) / 2
    xs = np.linspace(first - room, last + room, 8 * _STEPS)
    inside = np.clip(xs, first, last)
    ys = np.polyval(curve, inside) + np.polyval(np.polyder(curve), inside) * (xs - inside)
    path = _at_equal_steps(np.stack((xs, ys), axis=-1))
    return Bend((path @ turn + np.array(centre)).astype(np.float32), thickness + 2 * room)


def _centre_line(
    points: NDArray[np.float64],
) -> tuple[NDArray[np.float64], tuple[float, float], float] | None:
    """The cubic along the middle of a bent region, from where to where, and its height."""
    origin = np.floor(points.min(0)) - 1
    width, height = (np.ceil(points.max(0)) - origin + 2).astype(int)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(points - origin).astype(np.int32)], 1)
    heights = mask.sum(0)
    columns = np.flatnonzero(heights)
    heights = heights[columns]
    thickness = float(np.median(heights))
    if len(columns) < _LONG * thickness or np.percentile(heights, 90) > _UNEVEN * thickness:
        return None
    rows = np.arange(height)[:, None]
    middles = (mask[:, columns] * rows).sum(0) / heights + origin[1]
    xs = columns + origin[0]
    curve, straight = np.polyfit(xs, middles, 3), np.polyfit(xs, middles, 1)
    off = np.polyval(curve, xs)
    bent = np.abs(off - np.polyval(straight, xs)).max()
    if bent < _BENT * thickness or np.abs(off - middles).mean() > _ROUGH * thickness:
        return None
    return curve, (float(xs[0]), float(xs[-1])), thickness


def _at_equal_steps(path: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.concatenate(((0.0,), np.linalg.norm(np.diff(path, axis=0), axis=1).cumsum()))
    places = np.linspace(0, lengths[-1], _STEPS + 1)
    return np.stack([np.interp(places, lengths, values) for values in path.T], axis=-1)
