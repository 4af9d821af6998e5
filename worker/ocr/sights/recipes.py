"""How what a network sees is made of a picture: told in few numbers, for a device that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.lines import HEIGHT, Picture

_MOST_PIXELS = 12_500_000
"""Of a picture that is brought to a device, where a worker has some ten in hand: A4 at 350 dpi, a
phone's photo. What is larger is looked at on the host."""
_MOST_CUT = 2_000_000
"""Pixels of a line at its own size."""
_MOST_SHRUNK = 10
"""Times. Each takes a step of its own on a device."""


class Scaling(IntEnum):
    """What a pixel is made of: the four or the two nearest each way, or all that it covers."""

    CUBIC = 0
    LINEAR = 1
    AREA = 2


@dataclass(frozen=True, slots=True)
class Cut:
    """A quad (4, 2) of an RGB picture, made level at its own `size` (H, W); of its columns
    `number` from `first` on, scaled to 48 x `target`, with padding up to `room` pixels.
    """

    picture: Picture
    quad: NDArray[np.float32]
    size: tuple[int, int]
    first: int
    number: int
    target: int
    room: int
    scaling: Scaling

    @property
    def shrunk(self) -> float:
        """How many times smaller it becomes in the direction where that is most."""
        return max(self.size[0] / HEIGHT, self.number / self.target)

    @property
    def fits(self) -> bool:
        """Whether a device can make it with what it has at hand."""
        num_pixels = self.size[0] * self.number
        return num_pixels <= _MOST_CUT and self.shrunk <= _MOST_SHRUNK and _fits(self.picture)


@dataclass(frozen=True, slots=True)
class Whole:
    """An RGB picture scaled to `size`, with ground round it up to `shape` (H, W).

    `size` and `offset`, where it lies in it, have x before y.
    """

    picture: Picture
    size: tuple[int, int]
    shape: tuple[int, int]
    offset: tuple[int, int]

    @property
    def shrunk(self) -> float:
        """How many times smaller it becomes in the direction where that is most."""
        height, width = self.picture.shape[:2]
        return float(max(width / self.size[0], height / self.size[1]))

    @property
    def fits(self) -> bool:
        """Whether a device can make it with what it has at hand."""
        return self.shrunk <= _MOST_SHRUNK and _fits(self.picture)


Recipe = Cut | Whole


def _fits(picture: Picture) -> bool:
    height, width = picture.shape[:2]
    return bool(height * width <= _MOST_PIXELS)
