"""A clean page as a scanner or a camera sees it."""

from __future__ import annotations

import random

import cv2
import numpy as np

from training.wear.degrade import Picture
from training.wear.paper import Paper


class Wear:
    """Wears whole pages; everything random comes from the generator that it was given."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._paper = Paper(rng, rng.getrandbits(32))

    def worn(self, page: Picture) -> Picture:
        """One of: as made, scanned, photographed."""
        kind = self._rng.choices(("clean", "scan", "photo"), (2, 4, 4))[0]
        if kind == "clean":
            return page
        return self._scan(page) if kind == "scan" else self._photo(page)

    def _scan(self, page: Picture) -> Picture:
        rng = self._rng
        page = self._warped(page, rng.uniform(-0.8, 0.8), 0)
        if rng.random() < 0.3:
            grey = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
            page = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
        page = self._finished(page, rng.uniform(0.3, 0.8), rng.uniform(1, 6))
        return page

    def _photo(self, page: Picture) -> Picture:
        rng = self._rng
        page = self._warped(page, rng.uniform(-2.5, 2.5), 0.02)
        page = self._paper.uneven_light(page) if rng.random() < 0.7 else page
        return self._finished(page, rng.uniform(0.4, 1.1), rng.uniform(2, 9))

    def _finished(self, page: Picture, blur: float, noise: float) -> Picture:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), blur), np.uint8)
        page = self._paper.noise(page, noise)
        quality = self._rng.randint(45, 92)
        _, data = cv2.imencode(".jpg", page, (cv2.IMWRITE_JPEG_QUALITY, quality))
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    def _warped(self, page: Picture, degrees: float, askew: float) -> Picture:
        """Turned, and seen from beside."""
        rng = self._rng
        height, width = page.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.96)
        corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
        moved = cv2.transform(corners[None], turn)[0]
        shifts = [[rng.uniform(-askew, askew) * width for _ in range(2)] for _ in range(4)]
        matrix = cv2.getPerspectiveTransform(corners, np.float32(moved + np.float32(shifts)))
        paper = tuple(rng.randint(225, 255) for _ in range(3))
        warped = cv2.warpPerspective(
            page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=paper
        )
        return np.asarray(warped, np.uint8)
