"""The steps from clean ink to a worn picture: rules, bends, strokes, blur, fewer pixels, JPEG.

Ink is (H, W) uint8, 255 where there is ink; a picture is RGB (H, W, 3) uint8. Probabilities are
those of the recipe that was tried; they were set by looking at what real lines were misread.
"""

from __future__ import annotations

import random
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from training.wear import paper

Picture: TypeAlias = NDArray[np.uint8]

ROUND = [cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n)) for n in (2, 3)]
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Degrader:
    """Takes single steps; everything random comes from the generator that it was given."""

    def __init__(self, rng: random.Random, seed: int) -> None:
        """Make the stores of noise once, since drawing them for each line is what would cost."""
        self._rng = rng
        self.paper = paper.Paper(rng, seed)

    def touch(self, picture: Picture) -> Picture:
        """Wear a real picture a little more, so that few real lines go a long way."""
        rng = self._rng
        if rng.random() < 0.3:
            return picture
        picture = self.blur(self.rescale(picture, 0.3))
        if rng.random() < 0.3:
            picture = self.paper.noise(picture, rng.uniform(1, 8))
        if rng.random() < 0.2:
            picture = self.paper.uneven_light(picture)
        return self.jpeg(picture, 0.4)

    def extras(self, ink: Picture) -> Picture:
        """Underlines, ruled lines, table rules and specks at the ends."""
        rng = self._rng
        height, width = ink.shape
        if rng.random() < 0.05:  # underline, or the dotted line of a form
            y = int(height * rng.uniform(0.78, 0.97))
            start, end = sorted((rng.uniform(-0.1, 0.5), rng.uniform(0.5, 1.1)))
            step = rng.choice([1, 1, 1, 4, 6])
            thick = rng.randint(1, max(1, height // 18))
            row = ink[y : y + thick, max(0, int(start * width)) : int(end * width)]
            for offset in range(1 if step == 1 else 2):
                row[:, offset::step] = rng.randint(120, 255)
        if rng.random() < 0.05:  # the frame of a table or a form
            y = rng.choice([0, 1, height - 2, height - 1, int(height * 0.94)])
            ink[y : y + rng.randint(1, 2)] = rng.randint(80, 255)
        if rng.random() < 0.12:
            self._ends(ink)
        if rng.random() < 0.12:
            self._specks(ink, rng.randint(1, 12))
        return ink

    def _ends(self, ink: Picture) -> None:
        rng = self._rng
        height, width = ink.shape
        for left in rng.choice([(True,), (False,), (True, False)]):
            margin = int(rng.uniform(0, 0.12) * height)
            x = margin if left else width - 1 - margin
            if ink[:, max(0, x - 1) : x + 2].any() and rng.random() < 0.9:
                continue
            if rng.random() < 0.7:
                ink[:, max(0, x) : x + rng.randint(1, 3)] = rng.randint(90, 255)
            else:
                y = rng.randint(0, height - 1)
                cv2.circle(ink, (x, y), rng.randint(1, 3), rng.randint(90, 255), -1)

    def _specks(self, ink: Picture, count: int) -> None:
        rng = self._rng
        height, width = ink.shape
        for _ in range(count):
            spot = (rng.randrange(width), rng.randrange(height))
            cv2.circle(ink, spot, rng.choice([0, 0, 0, 1]), rng.randint(60, 230), -1)

    def geometry(self, ink: Picture) -> Picture:
        """A small turn, a slant, a bow: what is left once a page has been straightened."""
        rng = self._rng
        height, width = ink.shape
        if rng.random() < 0.35:
            drift = rng.gauss(0, 0.04) * height / max(width, 2 * height)
            slant = rng.gauss(0, 0.08) if rng.random() < 0.5 else 0.0
            grow = 1 + abs(drift) * width / height
            matrix = np.array(
                [
                    [1, slant, -slant * height / 2],
                    [drift / grow, 1 / grow, (height - height / grow - drift * width / grow) / 2],
                ],
                np.float32,
            )
            ink = cv2.warpAffine(ink, matrix, (width, height), flags=cv2.INTER_LINEAR)
        if rng.random() < 0.06 and width > 3 * height:
            ink = self.bow(ink)
        return ink

    def bow(self, ink: Picture) -> Picture:
        """Bend a line (H, W) or (H, W, 3) as the paper of a book or of a receipt bends."""
        rng = self._rng
        height, width = ink.shape[:2]
        depth = rng.uniform(0.03, 0.1) * height
        phase, waves = rng.uniform(0, 6.28), rng.uniform(0.3, 1.5)
        x = np.arange(width, dtype=np.float32)
        shift = (depth * np.sin(phase + x * (waves * 6.28 / width))).astype(np.float32)
        y = np.arange(height, dtype=np.float32)[:, None] + shift
        return cv2.remap(ink, np.broadcast_to(x, (height, width)).copy(), y, cv2.INTER_LINEAR)

    def stroke(self, ink: Picture) -> Picture:
        """Thicker or thinner strokes; ink may lack in places."""
        rng = self._rng
        chance = rng.random()
        tall = len(ink)
        if chance < 0.12:
            return cv2.dilate(ink, ROUND[0] if tall < 36 or rng.random() < 0.6 else _CROSS)
        if chance < 0.2 and tall > 34:
            thin = cv2.erode(ink, ROUND[0])
            return cv2.addWeighted(thin, 0.75, ink, 0.25, 0)
        if chance < 0.3:
            return self.paper.wear_ink(ink)
        return ink

    def blur(self, picture: Picture) -> Picture:
        """Out of focus, moved, or sharpened; often none of them."""
        rng = self._rng
        chance = rng.random()
        scale = len(picture) / 48
        if chance < 0.3:
            sigma = rng.uniform(0.3, 1.5) * scale
            return cv2.GaussianBlur(picture, (0, 0), max(0.3, sigma))
        if chance < 0.38:
            size = max(2, round(rng.uniform(2, 5) * scale))
            kernel = np.zeros((size, size), np.float32)
            tip = rng.randrange(size)
            cv2.line(kernel, (0, tip), (size - 1, size - 1 - tip), 1.0, 1)
            if rng.random() < 0.3:
                kernel = np.ascontiguousarray(kernel.T)
            return cv2.filter2D(picture, -1, kernel / max(1.0, float(kernel.sum())))
        if chance < 0.44:  # sharpened by a scanner's software
            soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
            return cv2.addWeighted(picture, 1.8, soft, -0.8, 0)
        return picture

    def rescale(self, picture: Picture, chance: float) -> Picture:
        """Down and up again: as if read from fewer pixels."""
        rng = self._rng
        height, width = picture.shape[:2]
        if rng.random() > chance:
            return picture
        least = max(0.35, 17 / height)
        factor = rng.uniform(min(least, 0.9), 0.9)
        small = (max(4, round(width * factor)), max(6, round(height * factor)))
        down = rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_AREA])
        shrunk = cv2.resize(picture, small, interpolation=down)
        if rng.random() < 0.5:  # `prepare` will scale it up by itself
            return shrunk
        up = rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST])
        return cv2.resize(shrunk, (width, height), interpolation=up)

    def jpeg(self, picture: Picture, chance: float) -> Picture:
        """Through a JPEG file of any quality."""
        rng = self._rng
        if rng.random() > chance:
            return picture
        quality = rng.randint(20, 90)
        _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
        return cv2.imdecode(data, cv2.IMREAD_COLOR)
