"""Whole recipes from ink to picture, one a family of documents: till, card, photograph, book.

Ink is (H, W) uint8, 255 where there is ink; a picture is RGB (H, W, 3) uint8.
"""

from __future__ import annotations

import random

import cv2
import numpy as np

from training.wear.degrade import Degrader, Picture
from training.wear.surfaces import Surfaces
from training.wear.tills import Tills


class Scenes:
    """Wears a line as one family of documents does."""

    def __init__(self, rng: random.Random, seed: int) -> None:
        """Make the stores of noise once, since drawing them for each line is what would cost."""
        self._rng = rng
        self._steps = Degrader(rng, seed)
        self._paper = self._steps.paper
        self._tills = tills = Tills(rng, self._steps)
        surfaces = Surfaces(rng, self._steps)
        self._recipes = {
            "mixed": self._mixed,
            "thermal": tills.thermal,
            "faint": tills.faint,
            "matrix": tills.matrix,
            "pixels": surfaces.pixels,
            "letterpress": surfaces.letterpress,
            "sign": surfaces.sign,
            "hand": surfaces.hand,
            "card": self._card,
            "photo": self._photo,
            "screen": self._screen,
            "scan": self._scan,
            "book": self._book,
        }

    def wear(self, ink: Picture, scene: str = "mixed") -> Picture:
        """The worn picture of a line, about as large as the ink."""
        if scene != "pixels":  # a screen shows no specks, and keeps its lines level
            ink = self._steps.geometry(self._steps.extras(ink))
        return self._recipes[scene](ink)

    def _mixed(self, ink: Picture) -> Picture:
        """Anything, at the shares of the recipe that was tried."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.12:
            return self._steps.jpeg(self._bilevel(ink), 0.5)
        if kind < 0.22:
            return self._tills.thermal(ink)
        if kind < 0.32:  # a screenshot or a clean PDF: nothing but its own pixels
            return self._screen(ink)
        ink = self._steps.stroke(ink)
        picture = self._paper.compose(ink, plain=rng.random() < 0.3)
        if rng.random() < 0.06:
            picture = self._paper.stamp(picture)
        picture = self._steps.blur(picture)
        picture = self._steps.rescale(picture, 0.4)
        if rng.random() < 0.4:
            picture = self._paper.noise(picture, rng.uniform(1, 14))
        if rng.random() < 0.25:
            picture = self._paper.uneven_light(picture)
        if rng.random() < 0.15:
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
        return self._steps.jpeg(picture, 0.6)

    def _screen(self, ink: Picture) -> Picture:
        """A screenshot or a clean PDF: nothing but its own pixels."""
        picture = self._paper.compose(ink, plain=True)
        return self._steps.jpeg(self._steps.rescale(picture, 0.5), 0.5)

    def _scan(self, ink: Picture) -> Picture:
        """A flatbed at 100 to 200 dpi: black and white or grey, a seal now and then."""
        rng = self._rng
        if rng.random() < 0.4:
            return self._steps.jpeg(self._bilevel(ink), 0.5)
        picture = self._paper.compose(self._steps.stroke(ink), plain=rng.random() < 0.4)
        if rng.random() < 0.15:
            picture = self._paper.stamp(picture)
        picture = self._steps.rescale(self._steps.blur(picture), 0.7)
        if rng.random() < 0.4:
            picture = self._paper.noise(picture, rng.uniform(1, 8))
        return self._steps.jpeg(picture, 0.7)

    def _book(self, ink: Picture) -> Picture:
        """A page of a book: bent towards the spine, the other side shining through."""
        rng = self._rng
        if rng.random() < 0.3 and ink.shape[1] > 3 * len(ink):
            ink = self._steps.bow(ink)
        picture = self._paper.compose(self._steps.stroke(ink), yellowed=True)
        picture = self._steps.rescale(self._steps.blur(picture), 0.5)
        if rng.random() < 0.5:
            picture = self._paper.uneven_light(picture)
        return self._steps.jpeg(picture, 0.7)

    def _photo(self, ink: Picture) -> Picture:
        """A sheet on a desk, photographed by hand in poor light."""
        rng = self._rng
        if rng.random() < 0.35 and ink.shape[1] > 3 * len(ink):
            ink = self._steps.bow(ink)
        picture = self._paper.compose(self._steps.stroke(ink))
        if rng.random() < 0.7:
            picture = self._paper.uneven_light(picture)
        picture = self._steps.blur(self._steps.rescale(picture, 0.6))
        if rng.random() < 0.6:
            picture = self._paper.noise(picture, rng.uniform(1, 12))
        return self._steps.jpeg(picture, 0.8)

    def _card(self, ink: Picture) -> Picture:
        """A small card: fine waves and colours under the print, glare, few pixels."""
        rng = self._rng
        picture = self._paper.compose(self._steps.stroke(ink), security=True)
        if rng.random() < 0.35:
            picture = self._paper.glare(picture)
        if rng.random() < 0.4:
            picture = self._paper.uneven_light(picture)
        picture = self._steps.rescale(self._steps.blur(picture), 0.75)
        if rng.random() < 0.5:
            picture = self._paper.noise(picture, rng.uniform(1, 9))
        return self._steps.jpeg(picture, 0.8)

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
        return self._steps.rescale(picture, 0.4)
