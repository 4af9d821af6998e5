"""Make a picture smaller, fast: where it is only looked at, not read."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.boxes import Quads, spans
from worker.ocr.recognition.lines import Picture

LINE = 20
"""Pixels of a text line's box where a page is looked at: a hairline of print is still seen."""
_MUCH = 0.8
"""What is made smaller still loses hairlines that fall between two of its pixels."""


def shrunk(picture: Picture, scale: float) -> Picture:
    """A picture (H, W) or (H, W, C) scaled by up to 1; one pixel a side at least.

    First by a whole factor, which OpenCV averages fast, then the rest: a fifth of the time.
    """
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    factor = min(int(1 / scale), height, width)
    if factor > 1:
        whole = picture[: height // factor * factor, : width // factor * factor]
        middle = width // factor, height // factor
        picture = np.asarray(cv2.resize(whole, middle, interpolation=cv2.INTER_AREA), np.uint8)
    if size == picture.shape[1::-1]:
        return picture
    if size[0] < _MUCH * picture.shape[1]:
        # Half a pixel up and to the left: the mean of four, in a third of the time of a blur.
        middle = picture.shape[1] / 2 - 1, picture.shape[0] / 2 - 1
        picture = np.asarray(cv2.getRectSubPix(picture, picture.shape[1::-1], middle), np.uint8)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)


@dataclass(frozen=True, slots=True)
class Small:
    """A page in grey (H, W), scaled by up to 1 so that its text lines are at most `LINE` high."""

    grey: NDArray[np.uint8]
    scale: float

    @classmethod
    def of(cls, picture: Picture, quads: Quads) -> Small:
        """A page with these text lines; without any it stays as large."""
        height = float(np.median(spans(quads)[1])) if len(quads) else 0.0
        return cls.at(picture, min(1.0, LINE / max(1.0, height)))

    @classmethod
    def at(cls, picture: Picture, scale: float) -> Small:
        """A page, RGB (H, W, 3) or grey, at a scale."""
        grey = grey_of(picture)
        return cls(shrunk(grey, scale) if scale < 1 else grey, scale)


def grey_of(picture: Picture) -> NDArray[np.uint8]:
    """A picture, RGB (H, W, 3) or grey already, in grey (H, W)."""
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
