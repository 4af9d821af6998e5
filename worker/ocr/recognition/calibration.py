"""From what the network gives its characters to the chance that a word is right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far a network's own probabilities are to be believed; fitted on lines it never saw.

    A character of probability p is right with 1 - scale * (1 - p) ** exponent - floor, and a word
    is right where all its characters are. Raises ValueError for numbers outside their range.
    """

    scale: float = 1.0
    exponent: float = 1.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.scale <= 10 and 0 < self.exponent <= 10 and 0 <= self.floor < 1):
            raise ValueError(f"not a calibration: {self}")

    def chance(self, probabilities: Iterable[float]) -> float:
        """The chance (0 to 1) that characters of these probabilities are all right."""
        return float(self.chances(np.fromiter(probabilities, np.float64)).prod())

    def chances(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """For each character the chance (0 to 1) that it is right."""
        doubts = np.maximum(0.0, 1.0 - probabilities.astype(np.float64))
        wrong = self.scale * doubts**self.exponent + self.floor
        return np.clip(1.0 - wrong, 0.0, 1.0)


_TOGETHER = 0.15
"""Words of one line go wrong together: 0 would mean that each goes wrong by itself, 1 that all do
or none. Chosen by hand: on synthetic lines 0 was as good, on real ones it was not."""


def chance_of_line(chances: Sequence[float]) -> float:
    """The chance (0 to 1) that words of these chances, of one line, are all right."""
    if not chances:
        return 0.0
    return math.pow(math.prod(chances), len(chances) ** -_TOGETHER)


UNCALIBRATED = Calibration()
"""The network's probabilities as they are."""
