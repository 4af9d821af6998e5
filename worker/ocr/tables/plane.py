"""The plane in which the rules of a table run straight, though the page was aslant or bent."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Points = NDArray[np.float32]
Curve = NDArray[np.float64]
"""y for each x of the plane."""

_ROUNDS = 3
_OUTLYING = 2.0
"""In the usual deviation: what lies further off is no part of the edge."""
_SMOOTH = 0.1
"""The share of a table's height by which its edge may leave a cubic, else it is no bent line."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A rectangle of `width` and `height` pixels. `matrix` (3, 3) takes points to where only the
    bend of their page is left: there the rectangle reaches from `top` to `bottom`."""

    matrix: NDArray[np.float64]
    width: int
    height: int
    top: Curve
    bottom: Curve

    @classmethod
    def upright(cls, lines: Mask) -> Plane:
        """The plane of rules (H, W) on a level page."""
        height, width = lines.shape
        return cls._straight(np.eye(3), width, height)

    @classmethod
    def in_perspective(cls, lines: Mask) -> Plane:
        """The plane of rules (H, W) whose outer corners are those of a rectangle."""
        points = np.asarray(cv2.findNonZero(lines), np.int32).reshape(-1, 2)
        sums, differences = points.sum(1), points[:, 0] - points[:, 1]
        corners = (sums.argmin(), differences.argmax(), sums.argmax(), differences.argmin())
        a, b, c, d = points[list(corners)].astype(np.float32)
        width = max(2, round(float(np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 2))
        height = max(2, round(float(np.linalg.norm(d - a) + np.linalg.norm(c - b)) / 2))
        flat = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
        matrix = cv2.getPerspectiveTransform(np.array((a, b, c, d)), flat).astype(np.float64)
        straight = cls._straight(matrix, width, height)
        bent = straight.seen(lines, height // 2)
        return cls(
            matrix,
            width,
            height,
            _edge(bent, height // 2, 0, height),
            height - _edge(bent[::-1], height // 2, 0, height),
        )

    @classmethod
    def _straight(cls, matrix: NDArray[np.float64], width: int, height: int) -> Plane:
        return cls(matrix, width, height, np.zeros(width + 1), np.full(width + 1, float(height)))

    def after(self, matrix: NDArray[np.float64]) -> Plane:
        """The same plane for points that a matrix (3, 3) takes to those of this one."""
        return Plane(self.matrix @ matrix, self.width, self.height, self.top, self.bottom)

    def mapped(self, points: NDArray[np.generic]) -> Points:
        """Points (N, 2) in the plane."""
        found = cv2.perspectiveTransform(points.astype(np.float32)[None], self.matrix)[0]
        top, bottom = self._edges(found[:, 0])
        found[:, 1] = (found[:, 1] - top) * self.height / (bottom - top)
        return np.asarray(found, np.float32)

    def back(self, points: NDArray[np.generic]) -> Points:
        """Points (N, 2) of the plane as they were."""
        found = points.astype(np.float64)
        top, bottom = self._edges(found[:, 0])
        found[:, 1] = top + found[:, 1] * (bottom - top) / self.height
        inverse = np.linalg.inv(self.matrix).astype(np.float64)
        return np.asarray(cv2.perspectiveTransform(found[None], inverse)[0], np.float32)

    def seen(self, lines: Mask, margin: int = 0) -> Mask:
        """Rules (H, W) as they run in the plane, with some pixels above and below it."""
        if not margin and self._is_straight and np.array_equal(self.matrix, np.eye(3)):
            return lines
        xs = np.arange(self.width + 1, dtype=np.float64)
        ys = np.arange(-margin, self.height + margin + 1, dtype=np.float32)[:, None]
        top, bottom = self._edges(xs)
        inverse = np.linalg.inv(self.matrix)
        # Of all points (x, y) at once: the numerators and the denominator are straight in y.
        at = inverse @ np.stack((xs, top, np.ones_like(xs)))
        by = inverse[:, 1:2] * ((bottom - top) / self.height)
        x, y, depth = (
            start + ys * step
            for start, step in zip(at.astype(np.float32), by.astype(np.float32), strict=True)
        )
        flat = cv2.remap(lines * 255, x / depth, y / depth, cv2.INTER_LINEAR)
        return np.asarray(cv2.threshold(flat, 96, 1, cv2.THRESH_BINARY)[1], np.uint8)

    @property
    def _is_straight(self) -> bool:
        return not self.top.any() and bool((self.bottom == self.height).all())

    def _edges(self, xs: NDArray[np.floating]) -> tuple[Curve, Curve]:
        if self._is_straight:
            return np.zeros_like(xs), np.full_like(xs, self.height)
        known = np.arange(self.width + 1)
        return np.interp(xs, known, self.top), np.interp(xs, known, self.bottom)


def _edge(lines: Mask, margin: int, least: int, height: int) -> Curve:
    """The upper edge of rules: a cubic, or straight where it follows none."""
    xs = np.flatnonzero(lines.any(0))
    ys = lines.argmax(0)[xs].astype(np.float64) - margin
    kept = np.ones(len(xs), bool)
    fitted = np.zeros(len(xs))
    if len(xs) < 8:
        return np.zeros(lines.shape[1])
    for _ in range(_ROUNDS):
        curve = np.polynomial.Polynomial.fit(xs[kept], ys[kept], 3)
        fitted = curve(xs)
        off = np.abs(ys - fitted)
        kept = off <= max(1.0, _OUTLYING * float(np.median(off)))
    if kept.mean() < 0.7 or np.abs(fitted).max() > _SMOOTH * height + 4:
        return np.zeros(lines.shape[1])
    return np.asarray(curve(np.arange(lines.shape[1])), np.float64)
