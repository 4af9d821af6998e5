"""What tills and matrix printers do to a line: rows of dots, pins that fail, ribbons that fade.

Ink is (H, W) uint8, 255 where there is ink; a picture is RGB (H, W, 3) uint8.
"""

from __future__ import annotations

import random

import cv2
import numpy as np

from training.wear.degrade import ROUND, Degrader, Picture

_DOT = 6
"""Pixels a side of a dot of a matrix printer, before it is shrunk."""


class Tills:
    """Prints a line as tills do."""

    def __init__(self, rng: random.Random, steps: Degrader) -> None:
        """Share the generator and the steps of the scenes."""
        self._rng = rng
        self._steps = steps
        self._paper = steps.paper

    def thermal(self, ink: Picture) -> Picture:
        """A till receipt: condensed, printed in rows of dots, faded, then photographed."""
        rng = self._rng
        height, width = ink.shape
        if rng.random() < 0.6:
            wide = max(8, round(width * rng.uniform(0.6, 0.95)))
            ink = cv2.resize(ink, (wide, height), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.3:
            ink = cv2.dilate(ink, ROUND[0])
        ink = self._dots(ink)
        if rng.random() < 0.5:
            ink = self._paper.wear_ink(ink)
        picture = self._paper.compose(ink, faded=True)
        picture = self._steps.blur(self._steps.rescale(picture, 0.35))
        if rng.random() < 0.5:
            picture = self._paper.uneven_light(picture)
        if rng.random() < 0.6:
            picture = self._paper.noise(picture, rng.uniform(1, 10))
        return self._steps.jpeg(picture, 0.7)

    def faint(self, ink: Picture) -> Picture:
        """Few coarse pixels, some strokes gone: a receipt from the end of the ribbon, scanned."""
        rng = self._rng
        rows = rng.randint(18, 30)
        coarse = _coarse(ink, rows)
        coarse = np.where(coarse > rng.randint(60, 120), 255, coarse // 3).astype(np.uint8)
        coarse = self._gone(coarse)
        picture = self._on_white(coarse)
        if rng.random() < 0.7:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.75))
        if rng.random() < 0.6:
            picture = self._paper.noise(picture, rng.uniform(1, 8))
        if rng.random() < 0.3:
            picture = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        return self._steps.jpeg(picture, 0.8)

    def _on_white(self, ink: Picture) -> Picture:
        """Mostly the white of a scan, on which even pale print can be read."""
        if self._rng.random() < 0.3:
            return self._paper.compose(ink, faded=True)
        return self._paper.printed(ink)

    def _gone(self, coarse: Picture) -> Picture:
        """Pale patches, thin strokes and columns that did not print."""
        rng = self._rng
        rows, columns = coarse.shape
        kept = coarse.astype(np.float32)
        if rng.random() < 0.45:  # thin strokes go first
            across = np.ones(rng.choice([(1, 2), (2, 1), (2, 2)]), np.uint8)
            share = rng.uniform(0.3, 0.8)
            kept = share * cv2.erode(coarse, across) + (1 - share) * kept
        patches = self._paper.cloud(rows, columns)
        kept *= np.clip(rng.uniform(0.55, 1.1) + patches * rng.uniform(0.1, 0.4), 0.08, 1)
        grain = self._paper.grain(rows, columns)
        kept *= np.clip(rng.uniform(0.8, 1.3) + grain * rng.uniform(0.05, 0.4), 0, 1)
        if rng.random() < 0.3:
            source = np.random.default_rng(rng.getrandbits(32))
            kept *= np.where(source.random(columns) < rng.uniform(0.02, 0.12), 0.3, 1.0)
        if rng.random() < 0.25:
            kept[rng.randrange(rows) :: rng.randint(4, 9)] *= rng.uniform(0.1, 0.6)
        return np.asarray(kept, np.uint8)

    def matrix(self, ink: Picture) -> Picture:
        """Round dots struck through a ribbon by a head of a few pins, some of them weak."""
        rng = self._rng
        rows = rng.randint(18, 30)
        dots = np.where(_coarse(ink, rows) > rng.randint(60, 110), 255, 0).astype(np.uint8)
        if rng.random() < 0.35:  # the head goes over the line twice, not quite at the same place
            dots[1::2] = np.roll(dots[1::2], rng.choice([-1, 1]), axis=1)
        strength = np.array([rng.choice([1, 1, 1, 1, 0.7, 0.3]) for _ in range(rows)], np.float32)
        weak = (dots * strength[:, None]).astype(np.uint8)
        y, x = np.mgrid[:_DOT, :_DOT].astype(np.float32) - (_DOT - 1) / 2
        radius = rng.uniform(0.4, 0.72) * _DOT
        dot = np.clip(radius - np.hypot(x, y) + 0.5, 0, 1)
        ink = np.kron(weak, dot).clip(0, 255).astype(np.uint8)
        height = rng.randint(30, 56)
        wide = max(8, round(ink.shape[1] * height / len(ink) * rng.uniform(0.8, 1.05)))
        ink = cv2.resize(ink, (wide, height), interpolation=cv2.INTER_AREA)
        ink = self._paper.wear_ink(ink) if rng.random() < 0.6 else ink
        picture = self._on_white(ink)
        picture = self._steps.rescale(self._steps.blur(picture), 0.5)
        if rng.random() < 0.5:
            picture = self._paper.noise(picture, rng.uniform(1, 9))
        return self._steps.jpeg(picture, 0.7)

    def _dots(self, ink: Picture) -> Picture:
        """Print with a head of a few dots: coarse pixels, and rows or columns that fail."""
        rng = self._rng
        height, width = ink.shape
        if rng.random() < 0.6:
            coarse = _coarse(ink, rng.randint(21, 34))
            coarse = np.where(coarse > rng.randint(70, 130), 255, 0).astype(np.uint8)
            flag = rng.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
            ink = cv2.resize(coarse, (width, height), interpolation=flag)
        if rng.random() < 0.4:
            step = rng.randint(2, 5)
            ink = ink.copy()
            ink[rng.randrange(step) :: step] //= rng.randint(2, 4)
        if rng.random() < 0.15:  # a dot of the head is dead, or a fold runs through the paper
            ink = ink.copy()
            for _ in range(rng.randint(1, 3)):
                x = rng.randrange(width)
                ink[:, x : x + max(1, height // 40)] //= 4
        return ink


def _coarse(ink: Picture, rows: int) -> Picture:
    height, width = ink.shape
    wide = max(4, round(width * rows / height))
    return cv2.resize(ink, (wide, rows), interpolation=cv2.INTER_AREA)
