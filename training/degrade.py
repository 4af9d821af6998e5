"""From clean ink to a worn picture: what printers, paper, scanners and telephones do to a line.

Ink is (H, W) uint8, 255 where there is ink; a picture is RGB (H, W, 3) uint8. Probabilities are
those of the recipe that was tried; they were set by looking at what real lines were misread.
"""

from __future__ import annotations

import random
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from training import paper

Picture: TypeAlias = NDArray[np.uint8]

_ROUND = [cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (n, n)) for n in (2, 3)]
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Degrader:
    """Wears lines; everything random comes from the generator that it was given."""

    def __init__(self, rng: random.Random, seed: int) -> None:
        """Make the stores of noise once, since drawing them for each line is what would cost."""
        self._rng = rng
        self._paper = paper.Paper(rng, seed)

    def wear(self, ink: Picture) -> Picture:
        """The worn picture of a line, about as large as the ink."""
        rng = self._rng
        kind = rng.random()
        ink = self._geometry(self._extras(ink))
        if kind < 0.12:
            return self._jpeg(self._bilevel(ink), 0.5)
        if kind < 0.22:
            return self._thermal(ink)
        if kind < 0.32:  # a screenshot or a clean PDF: nothing but its own pixels
            return self._jpeg(self._rescale(self._paper.compose(ink, plain=True), 0.5), 0.5)
        ink = self._stroke(ink)
        picture = self._paper.compose(ink, plain=rng.random() < 0.3)
        if rng.random() < 0.06:
            picture = self._paper.stamp(picture)
        picture = self._blur(picture)
        picture = self._rescale(picture, 0.4)
        if rng.random() < 0.4:
            picture = self._paper.noise(picture, rng.uniform(1, 14))
        if rng.random() < 0.25:
            picture = self._paper.uneven_light(picture)
        if rng.random() < 0.15:
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
        return self._jpeg(picture, 0.6)

    def touch(self, picture: Picture) -> Picture:
        """Wear a real picture a little more, so that few real lines go a long way."""
        rng = self._rng
        if rng.random() < 0.3:
            return picture
        picture = self._blur(self._rescale(picture, 0.3))
        if rng.random() < 0.3:
            picture = self._paper.noise(picture, rng.uniform(1, 8))
        if rng.random() < 0.2:
            picture = self._paper.uneven_light(picture)
        return self._jpeg(picture, 0.4)

    def _extras(self, ink: Picture) -> Picture:
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

    def _geometry(self, ink: Picture) -> Picture:
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
            ink = self._bow(ink)
        return ink

    def _bow(self, ink: Picture) -> Picture:
        """Bend the line as the paper of a book or of a receipt bends."""
        rng = self._rng
        height, width = ink.shape
        depth = rng.uniform(0.03, 0.1) * height
        phase, waves = rng.uniform(0, 6.28), rng.uniform(0.3, 1.5)
        x = np.arange(width, dtype=np.float32)
        shift = (depth * np.sin(phase + x * (waves * 6.28 / width))).astype(np.float32)
        y = np.arange(height, dtype=np.float32)[:, None] + shift
        return cv2.remap(ink, np.broadcast_to(x, (height, width)).copy(), y, cv2.INTER_LINEAR)

    def _stroke(self, ink: Picture) -> Picture:
        """Thicker or thinner strokes; ink may lack in places."""
        rng = self._rng
        chance = rng.random()
        tall = len(ink)
        if chance < 0.12:
            return cv2.dilate(ink, _ROUND[0] if tall < 36 or rng.random() < 0.6 else _CROSS)
        if chance < 0.2 and tall > 34:
            thin = cv2.erode(ink, _ROUND[0])
            return cv2.addWeighted(thin, 0.75, ink, 0.25, 0)
        if chance < 0.3:
            return self._paper.wear_ink(ink)
        return ink

    def _blur(self, picture: Picture) -> Picture:
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

    def _rescale(self, picture: Picture, chance: float) -> Picture:
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

    def _jpeg(self, picture: Picture, chance: float) -> Picture:
        rng = self._rng
        if rng.random() > chance:
            return picture
        quality = rng.randint(20, 90)
        _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
        return cv2.imdecode(data, cv2.IMREAD_COLOR)

    def _bilevel(self, ink: Picture) -> Picture:
        """A fax or a noisy black-and-white scan: spread ink, rough rims, salt and pepper."""
        rng = self._rng
        scale = len(ink) / 48
        soft = cv2.GaussianBlur(ink, (0, 0), max(0.3, rng.uniform(0.3, 1.2) * scale))
        rough = self._paper.add_noise(soft, rng.uniform(5, 60) * min(1.0, scale))
        level = rng.uniform(50, 125)
        bits = np.where(rough > level, 0, 255).astype(np.uint8)
        if rng.random() < 0.4:
            self._paper.salt_and_pepper(bits, rng.uniform(0.0003, 0.008))
        if rng.random() < 0.6:
            bits = cv2.GaussianBlur(bits, (0, 0), rng.uniform(0.3, 0.8))
        if rng.random() < 0.4:
            bits = np.maximum(bits, np.uint8(rng.randint(0, 110)))
        picture = cv2.cvtColor(bits, cv2.COLOR_GRAY2RGB)
        return self._rescale(picture, 0.4)

    def _thermal(self, ink: Picture) -> Picture:
        """A till receipt: condensed, printed in rows of dots, faded, then photographed."""
        rng = self._rng
        height, width = ink.shape
        if rng.random() < 0.6:
            wide = max(8, round(width * rng.uniform(0.6, 0.95)))
            ink = cv2.resize(ink, (wide, height), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.3:
            ink = cv2.dilate(ink, _ROUND[0])
        ink = self._dots(ink)
        if rng.random() < 0.5:
            ink = self._paper.wear_ink(ink)
        picture = self._paper.compose(ink, faded=True)
        picture = self._blur(self._rescale(picture, 0.5))
        if rng.random() < 0.5:
            picture = self._paper.uneven_light(picture)
        if rng.random() < 0.6:
            picture = self._paper.noise(picture, rng.uniform(1, 10))
        return self._jpeg(picture, 0.7)

    def _dots(self, ink: Picture) -> Picture:
        """Print with a head of a few dots: coarse pixels, and rows or columns that fail."""
        rng = self._rng
        height, width = ink.shape
        if rng.random() < 0.6:
            rows = rng.randint(18, 30)
            wide = max(4, round(width * rows / height))
            coarse = cv2.resize(ink, (wide, rows), interpolation=cv2.INTER_AREA)
            coarse = np.where(coarse > rng.randint(70, 130), 255, 0).astype(np.uint8)
            flag = rng.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
            ink = cv2.resize(coarse, (width, height), interpolation=flag)
        if rng.random() < 0.4:
            step = rng.randint(2, 5)
            ink = ink.copy()
            ink[rng.randrange(step) :: step] //= rng.randint(2, 4)
        return ink
