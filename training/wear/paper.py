"""Ground, ink colour, light and noise: the parts of a worn line that are about surfaces."""

from __future__ import annotations

import random
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]
Field: TypeAlias = NDArray[np.float32]

_STORE = (200, 4096)
"""Rows and columns of each store of noise that windows are cut from."""
_GRAINS = 6


class Paper:
    """Puts ink on paper and light on paper, out of stores of noise made once."""

    def __init__(self, rng: random.Random, seed: int) -> None:
        """Fill the stores: fine noise, and clouds of several grain sizes, both of deviation 1."""
        self._rng = rng
        source = np.random.default_rng(seed)
        self._fine = source.standard_normal((*_STORE, 3), np.float32)
        self._clouds = [_cloud(source, 2.0 + 3.0 * number) for number in range(_GRAINS)]

    def compose(
        self,
        ink: Picture,
        *,
        plain: bool = False,
        faded: bool = False,
        yellowed: bool = False,
        security: bool = False,
    ) -> Picture:
        """Ink (H, W) in one colour on a ground.

        `plain` without texture, `faded` as on receipts, `yellowed` as in books, `security` with
        the coloured waves of cards.
        """
        rng = self._rng
        height, width = ink.shape
        ground, colour = self._colours(faded)
        if yellowed and rng.random() < 0.7:
            ground, colour = self._aged()
        elif security and rng.random() < 0.85:
            ground, colour = self._tinted()
        cover = ink.astype(np.float32)[:, :, None] / 255
        if faded:
            cover *= rng.uniform(0.45, 1.0)
        paper: Field = np.broadcast_to(ground, (height, width, 3)).astype(np.float32)
        if not plain:
            paper = self._surface(paper)
        for _ in range(rng.randint(1, 2) if security else 0):
            paper = self._guilloche(paper)
        picture = paper + cover * (colour - paper)
        return np.clip(picture, 0, 255).astype(np.uint8)

    def printed(self, ink: Picture) -> Picture:
        """Ink (H, W) as a scanner sees it: black or grey, on white or nearly so."""
        rng = self._rng
        level, dark = rng.randint(205, 255), rng.randint(0, 90)
        paper = np.full((*ink.shape, 3), level, np.float32) + rng.uniform(-6, 0)
        if rng.random() < 0.4:
            paper = paper + self.cloud(*ink.shape)[:, :, None] * rng.uniform(0.5, 4)
        picture = paper + ink.astype(np.float32)[:, :, None] / 255 * (dark - paper)
        return np.clip(picture, 0, 255).astype(np.uint8)

    def tint(self, cover: Picture) -> Picture:
        """Ink by channel, (H, W, 3) or (H, W, 1), in one flat colour on another."""
        ground, colour = self._colours(False)
        return np.clip(ground + cover / np.float32(255) * (colour - ground), 0, 255).astype(
            np.uint8
        )

    def coloured(self, ink: Picture) -> Picture:
        """Ink (H, W) in any colour on any other, light on dark as often as not."""
        rng = self._rng
        ground, colour = self._coloured(inverted=rng.random() < 0.5)
        paper = self._surface(np.broadcast_to(ground, (*ink.shape, 3)).astype(np.float32))
        cover = ink.astype(np.float32)[:, :, None] / 255 * rng.uniform(0.75, 1)
        return np.clip(paper + cover * (colour - paper), 0, 255).astype(np.uint8)

    def cloud(self, height: int, width: int) -> Field:
        """Soft noise (H, W) of deviation 1 and a random grain."""
        return self._window(self._rng.choice(self._clouds), height, width)

    def grain(self, height: int, width: int) -> Field:
        """Fine noise (H, W) of deviation 1."""
        return self._window(self._rng.choice([self._fine[:, :, 0], self._clouds[0]]), height, width)

    def _colours(self, faded: bool) -> tuple[Field, Field]:
        rng = self._rng
        chance = rng.random()
        if faded:
            level = rng.randint(150, 250)
            ground = np.array([level + rng.randint(-14, 5) for _ in range(3)], np.float32)
            dark = rng.randint(20, 110)
            return ground, np.array([dark + rng.randint(-8, 25) for _ in range(3)], np.float32)
        if chance < 0.64:  # black on near white
            level, dark = rng.randint(200, 255), rng.randint(0, 70)
            ground = np.array(
                [min(255, level + rng.randint(-12, 12)) for _ in range(3)], np.float32
            )
            return ground, np.full(3, dark, np.float32)
        if chance < 0.8:  # grey photograph
            level = rng.randint(110, 210)
            ground = np.full(3, level, np.float32) + rng.uniform(-8, 8)
            return ground, np.full(3, rng.uniform(0, 0.45) * level, np.float32)
        return self._coloured(inverted=chance > 0.93)

    def _aged(self) -> tuple[Field, Field]:
        """Yellow or grey paper, black or brown ink."""
        rng = self._rng
        level, dark = rng.randint(165, 250), rng.randint(5, 80)
        ground = np.array([level, level - rng.randint(0, 14), level - rng.randint(0, 45)])
        ink = np.array([dark + rng.randint(0, 25), dark, dark])
        return ground.astype(np.float32), ink.astype(np.float32)

    def _tinted(self) -> tuple[Field, Field]:
        """The pale ground of a card, and ink that is black, blue, brown or dark red."""
        rng = self._rng
        ground = np.array([rng.randint(145, 250) for _ in range(3)], np.float32)
        dark = rng.randint(5, 75)
        ink = np.full(3, dark, np.float32)
        ink[rng.randrange(3)] += rng.choice([0, 0, 20, 60])
        return ground, ink

    def _coloured(self, *, inverted: bool) -> tuple[Field, Field]:
        """Two colours far enough apart to be read."""
        rng = self._rng
        while True:
            light = np.array([rng.randint(130, 255) for _ in range(3)], np.float32)
            dark = np.array([rng.randint(0, 170) for _ in range(3)], np.float32)
            weights = np.array([0.3, 0.59, 0.11], np.float32)
            if float((light - dark) @ weights) > 60:
                return (dark, light) if inverted else (light, dark)

    def _surface(self, paper: Field) -> Field:
        rng = self._rng
        height, width = paper.shape[:2]
        if rng.random() < 0.4:
            paper = paper + self._window(rng.choice(self._clouds), height, width)[
                :, :, None
            ] * rng.uniform(1, 12)
        if rng.random() < 0.3:
            paper = paper + self._slope(height, width) * rng.uniform(5, 45)
        if rng.random() < 0.08:
            paper = self._guilloche(paper)
        if rng.random() < 0.1:
            paper = self._bleed(paper)
        return paper

    def _slope(self, height: int, width: int) -> Field:
        rng = self._rng
        x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :, None]
        y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None, None]
        return x * rng.uniform(-1, 1) + y * rng.uniform(-0.6, 0.6)

    def _guilloche(self, paper: Field) -> Field:
        """The fine waves that cards and certificates are printed on."""
        rng = self._rng
        height, width = paper.shape[:2]
        x = np.arange(width, dtype=np.float32)[None]
        y = np.arange(height, dtype=np.float32)[:, None]
        bend = np.sin(x * rng.uniform(0.01, 0.06) + rng.uniform(0, 6)) * rng.uniform(2, 12)
        waves = np.sin((y + bend) * rng.uniform(0.4, 1.6))
        tint = np.array([rng.uniform(-22, 8) for _ in range(3)], np.float32)
        return paper + waves[:, :, None] * tint

    def _bleed(self, paper: Field) -> Field:
        """Print that shines through from the back: blurred blots in rows, mirrored by chance."""
        rng = self._rng
        height, width = paper.shape[:2]
        cloud = self._window(self._clouds[rng.randint(0, 1)], height, width)
        row = np.arange(height, dtype=np.float32)[:, None]
        period = height * rng.uniform(0.7, 1.3)
        band = np.clip(np.sin(row * (6.28 / period) + rng.uniform(0, 6)) * 2, 0, 1)
        return paper - (np.clip(cloud, 0, 1.5) * band)[:, :, None] * rng.uniform(8, 34)

    def glare(self, picture: Picture) -> Picture:
        """A lamp mirrored by the plastic: a bright spot in which the ink is still to be seen."""
        rng = self._rng
        height, width = picture.shape[:2]
        x = np.arange(width, dtype=np.float32)[None] - rng.uniform(0, width)
        y = np.arange(height, dtype=np.float32)[:, None] - rng.uniform(0, height)
        reach = (height * rng.uniform(0.8, 4)) ** 2
        spot = np.exp(-(x * x + y * y) / reach)[:, :, None] * rng.uniform(0.2, 0.6)
        return np.asarray(picture + (255 - picture.astype(np.float32)) * spot, np.uint8)

    def stamp(self, picture: Picture) -> Picture:
        """A red or blue seal's rim and strokes across the line, the print still to be seen."""
        rng = self._rng
        height, width = picture.shape[:2]
        layer = np.zeros((height, width), np.uint8)
        radius = int(height * rng.uniform(1.2, 3))
        centre = (rng.randrange(width), int(height * rng.uniform(-1.5, 2.5)))
        thick = max(1, height // 16)
        for inset in (0.0, 0.12, 0.4)[: rng.randint(1, 3)]:
            cv2.circle(layer, centre, int(radius * (1 - inset)), 255, thick, cv2.LINE_AA)
        font = rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX])
        if rng.random() < 0.5:
            place = (centre[0] - radius // 2, int(height * rng.uniform(0.2, 1.2)))
            cv2.putText(layer, "VIET NAM * 01", place, font, height / 60, 255, thick, cv2.LINE_AA)
        strength = rng.uniform(0.3, 0.75)
        cover = (layer.astype(np.float32) * (strength / 255))[:, :, None]
        red = np.array(
            [rng.randint(170, 235), rng.randint(20, 90), rng.randint(30, 110)], np.float32
        )
        tint = red if rng.random() < 0.85 else red[::-1]
        base = picture.astype(np.float32)
        return np.asarray(base * (1 - cover) + np.minimum(base, tint) * cover, np.uint8)

    def noise(self, picture: Picture, deviation: float) -> Picture:
        """Gaussian noise, grey or coloured."""
        rng = self._rng
        height, width = picture.shape[:2]
        noise = self._window(self._fine, height, width)
        if rng.random() < 0.5:
            noise = noise[:, :, :1]
        return np.clip(picture + noise * deviation, 0, 255).astype(np.uint8)

    def add_noise(self, ink: Picture, deviation: float) -> Field:
        """Ink with noise of a random grain, as floats that are not clipped."""
        height, width = ink.shape
        store = self._rng.choice([self._fine[:, :, 0], self._clouds[0], self._clouds[1]])
        return ink + self._window(store, height, width) * np.float32(deviation)

    def salt_and_pepper(self, bits: Picture, share: float) -> None:
        """Flip single pixels, in place."""
        count = int(bits.size * share)
        rng = self._rng
        source = np.random.default_rng(rng.getrandbits(32))
        spots = source.integers(0, bits.size, count)
        bits.reshape(-1)[spots] = source.integers(0, 2, count, dtype=np.uint8) * 255

    def wear_ink(self, ink: Picture) -> Picture:
        """Ink that lacks in places, or is unevenly strong."""
        rng = self._rng
        height, width = ink.shape
        cloud = self._window(rng.choice(self._clouds), height, width)
        strength = np.clip(1.05 + cloud * rng.uniform(0.1, 0.35), 0.25, 1)
        return (ink * strength).astype(np.uint8)

    def uneven_light(self, picture: Picture) -> Picture:
        """Shade from one side, or a soft shadow's edge across the line."""
        rng = self._rng
        height, width = picture.shape[:2]
        if rng.random() < 0.6:
            light = 1 + self._slope(height, width) * rng.uniform(0.2, 0.9)
        else:
            x = np.arange(width, dtype=np.float32)[None]
            y = np.arange(height, dtype=np.float32)[:, None]
            edge = (x + y * rng.uniform(-2, 2) - rng.uniform(0, width)) / (
                height * rng.uniform(0.1, 2)
            )
            light = (1 - rng.uniform(0.15, 0.5) / (1 + np.exp(-np.clip(edge, -20, 20))))[:, :, None]
        return np.clip(picture * light, 0, 255).astype(np.uint8)

    def _window(self, store: Field, height: int, width: int) -> Field:
        """A random window of a store, repeated where the line is larger than the store."""
        rng = self._rng
        rows, columns = store.shape[:2]
        if height > rows or width > columns:
            store = cv2.resize(store, (max(width, columns), max(height, rows)))
            rows, columns = store.shape[:2]
        top, left = rng.randint(0, rows - height), rng.randint(0, columns - width)
        return store[top : top + height, left : left + width]


def _cloud(source: np.random.Generator, sigma: float) -> Field:
    cloud = cv2.GaussianBlur(source.standard_normal(_STORE, np.float32), (0, 0), sigma)
    return cloud / np.float32(cloud.std())
