"""Screens' small type, signs and packages, old letterpress, and what is written by hand.

Ink is (H, W) uint8, 255 where there is ink; a picture is RGB (H, W, 3) uint8.
"""

from __future__ import annotations

import random

import cv2
import numpy as np

from training.wear.degrade import ROUND, Degrader, Picture

_SUBPIXELS = 3
_SET_LARGE = 34
"""Rows from which screen type was set at three times its size; below, it is as hinted."""
_FILTER = np.array([[1, 2, 3, 2, 1]], np.float32) / 9
"""FreeType's default filter against colour fringes."""


class Surfaces:
    """Wears a line as what it stands on does."""

    def __init__(self, rng: random.Random, steps: Degrader) -> None:
        """Share the generator and the steps of the scenes."""
        self._rng = rng
        self._steps = steps
        self._paper = steps.paper

    def pixels(self, ink: Picture) -> Picture:
        """Screen type of 10 to 16 pixels, grey or with subpixels, often through a JPEG."""
        rng = self._rng
        large = len(ink) >= _SET_LARGE
        if rng.random() < 0.55:
            cover = _subpixels(ink) if large else _shifted(ink)
        else:
            size = (max(4, ink.shape[1] // 3), len(ink) // 3) if large else ink.shape[::-1]
            cover = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)[:, :, None]
        if rng.random() < 0.25:  # gamma makes light type thin and dark type heavy
            cover = 255 * (cover / 255.0) ** rng.uniform(0.6, 1.6)
        picture = self._paper.tint(cover)
        if rng.random() < 0.35:  # zoomed, or scaled by who pasted it
            grow = rng.uniform(0.9, 2.0)
            flag = rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])
            picture = cv2.resize(picture, None, fx=grow, fy=grow, interpolation=flag)
        return self._steps.jpeg(picture, 0.5)

    def letterpress(self, ink: Picture) -> Picture:
        """Old books and papers: worn type, thin strokes broken, ink spread, yellow ground."""
        rng = self._rng
        height, width = ink.shape
        scale = len(ink) / 48
        soft = cv2.GaussianBlur(ink, (0, 0), max(0.4, rng.uniform(0.5, 1.1) * scale)).astype(
            np.float32
        )
        patches, grain = self._paper.cloud(height, width), self._paper.grain(height, width)
        level = rng.uniform(85, 150) - patches * rng.uniform(5, 35) - grain * rng.uniform(5, 45)
        sharp = rng.uniform(0.02, 0.12)
        ink = np.asarray(255 / (1 + np.exp(np.clip(sharp * (level - soft), -20, 20))), np.uint8)
        if rng.random() < 0.25 and height > 30:
            ink = cv2.dilate(ink, ROUND[0])
        picture = self._paper.compose(ink, yellowed=True)
        picture = self._steps.rescale(self._steps.blur(picture), 0.6)
        if rng.random() < 0.4:
            picture = self._paper.uneven_light(picture)
        if rng.random() < 0.4:
            picture = self._paper.noise(picture, rng.uniform(1, 8))
        return self._steps.jpeg(picture, 0.7)

    def sign(self, ink: Picture) -> Picture:
        """Heavy letters on cloth, leather, metal or foil: folds, weave, a look from the side."""
        rng = self._rng
        if rng.random() < 0.3:
            ink = cv2.dilate(ink, ROUND[rng.randint(0, 1)])
        ink = self._aslant(ink)
        if rng.random() < 0.35 and ink.shape[1] > 2 * len(ink):
            ink = self._steps.bow(ink)
        if rng.random() < 0.4:
            ink = self._paper.wear_ink(ink)
        picture = self._paper.coloured(ink)
        if rng.random() < 0.2:  # a shadow or a rim of another colour
            picture = self._rim(picture, ink)
        picture = self._folds(picture)
        if rng.random() < 0.4:
            picture = self._paper.noise(picture, rng.uniform(2, 16))
        if rng.random() < 0.2:
            picture = self._paper.glare(picture)
        picture = self._steps.rescale(self._steps.blur(picture), 0.7)
        return self._steps.jpeg(picture, 0.8)

    def _aslant(self, ink: Picture) -> Picture:
        """Seen from the side: the far end is smaller, the line climbs or falls."""
        rng = self._rng
        if rng.random() < 0.4:
            return ink
        height, width = ink.shape
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = corners.copy()
        ends = rng.choice([(0, 3), (1, 2)])
        for corner, sign in zip(ends, (1, -1), strict=True):
            moved[corner, 1] += sign * rng.uniform(0, 0.22) * height
        matrix = cv2.getPerspectiveTransform(corners, moved)
        return cv2.warpPerspective(ink, matrix, (width, height), flags=cv2.INTER_LINEAR)

    def _rim(self, picture: Picture, ink: Picture) -> Picture:
        rng = self._rng
        across, down = rng.randint(-3, 3), rng.randint(-3, 3)
        moved = np.roll(ink, (down, across), (0, 1)).astype(np.float32)
        only = (np.clip(moved - ink, 0, 255) / 255 * rng.uniform(0.3, 0.9))[:, :, None]
        tint = np.array([rng.randint(0, 255) for _ in range(3)], np.float32)
        return np.asarray(picture + only * (tint - picture), np.uint8)

    def _folds(self, picture: Picture) -> Picture:
        """Light and dark bands across, and the grain of the stuff."""
        rng = self._rng
        height, width = picture.shape[:2]
        light = np.ones((height, width), np.float32)
        if rng.random() < 0.6:
            x = np.arange(width, dtype=np.float32)[None]
            y = np.arange(height, dtype=np.float32)[:, None]
            bend = x + y * rng.uniform(-1.5, 1.5)
            period = height * rng.uniform(0.3, 3)
            light += np.sin(bend * (6.28 / period) + rng.uniform(0, 6)) * rng.uniform(0.02, 0.2)
        light += self._paper.cloud(height, width) * rng.uniform(0, 0.12)
        if rng.random() < 0.6:
            light += self._paper.grain(height, width) * rng.uniform(0, 0.13)
        return np.clip(picture * light[:, :, None], 0, 255).astype(np.uint8)

    def hand(self, ink: Picture) -> Picture:
        """Written with a pen: thin or thick, on forms, or cleaned to white on black."""
        rng = self._rng
        height, width = ink.shape
        wave = rng.uniform(0, 0.06) * height
        if width > 2 * height and wave > 0.5:  # a hand does not keep to the line
            x = np.arange(width, dtype=np.float32)
            shift = wave * np.sin(x / height * rng.uniform(0.4, 2.5) + rng.uniform(0, 6))
            y = np.arange(height, dtype=np.float32)[:, None] + shift.astype(np.float32)
            ink = cv2.remap(ink, np.broadcast_to(x, y.shape).copy(), y, cv2.INTER_LINEAR)
        if rng.random() < 0.4 and height > 36:
            ink = cv2.erode(ink, ROUND[0])
        if rng.random() < 0.45:
            grain = self._paper.grain(height, width) * rng.uniform(0, 40)
            bits = np.where(ink + grain > rng.uniform(70, 150), 255, 0).astype(np.uint8)
            if rng.random() < 0.4:
                bits = 255 - bits
            picture = cv2.cvtColor(bits, cv2.COLOR_GRAY2RGB)
            return self._steps.jpeg(self._steps.rescale(picture, 0.4), 0.6)
        picture = self._paper.compose(self._paper.wear_ink(ink))
        picture = self._steps.rescale(self._steps.blur(picture), 0.5)
        return self._steps.jpeg(picture, 0.7)


def _subpixels(ink: Picture) -> Picture:
    """Ink at three times its size to a cover a channel, each channel a third of a pixel on."""
    wide, tall = ink.shape[1] // 3 * 3, len(ink) // 3
    rows = cv2.resize(ink[:, :wide], (wide, tall), interpolation=cv2.INTER_AREA)
    return cv2.filter2D(rows, -1, _FILTER).reshape(tall, wide // 3, _SUBPIXELS)


def _shifted(ink: Picture) -> Picture:
    """Hinted ink with its red a third of a pixel to the left and its blue to the right."""
    plain = ink.astype(np.float32)
    ends = [np.roll(plain, step, axis=1) for step in (-1, 1)]
    channels = [(2 * plain + ends[0]) / 3, plain, (2 * plain + ends[1]) / 3]
    return np.stack(channels, axis=2).astype(np.uint8)
