"""Fit and measure how far confidences are to be believed.

The measure is the expected calibration error (Naeini et al. 2015, Guo et al. 2017): lines sorted
into ten bins by confidence, the mean distance between confidence and share of right lines.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from training.measuring.scoring import normalise
from worker.ocr.recognition.calibration import Calibration, chance_of_line
from worker.ocr.recognition.ctc import Character

_SCALES = (0.3, 0.5, 0.7, 0.85, 1.0, 1.3, 1.6, 2.0, 2.5)
_EXPONENTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5)
_FLOORS = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01)
_NUM_BINS = 10
_SURE = 1e-4
"""Chances nearer to 0 or 1 than this count as this in the likelihood."""


@dataclass(frozen=True)
class ReadLine:
    """What a line says, and what was read."""

    text: str
    read: Sequence[Character]

    @property
    def words(self) -> list[list[Character]]:
        """The characters that were read, by word."""
        parts = groupby(self.read, key=lambda character: character.text == " ")
        return [list(word) for is_space, word in parts if not is_space]

    @property
    def right_words(self) -> list[bool]:
        """Of each word that was read, whether it is right."""
        wanted = normalise(self.text).split(" ")
        found = [normalise("".join(char.text for char in word)) for word in self.words]
        right = [False] * len(found)
        for match in difflib.SequenceMatcher(None, wanted, found, False).get_matching_blocks():
            right[match.b : match.b + match.size] = [True] * match.size
        return right

    @property
    def is_right(self) -> bool:
        """Whether the whole line is right."""
        return normalise(self.text) == normalise("".join(char.text for char in self.read))

    @property
    def mean(self) -> float:
        """What the network gives the characters on average: the measure before calibration."""
        given = [char.confidence for word in self.words for char in word]
        return sum(given) / len(given) if given else 0.0

    def chance(self, calibration: Calibration) -> float:
        """The line's confidence: that all its words are right."""
        return chance_of_line(
            [calibration.chance(char.confidence for char in word) for word in self.words]
        )


def fit(lines: Sequence[ReadLine]) -> Calibration:
    """The calibration under which the words that were read are likeliest as right as they are."""
    words = [word for line in lines for word in line.words]
    right = np.array([is_right for line in lines for is_right in line.right_words])
    doubt = np.array([max(0.0, 1 - char.confidence) for word in words for char in word])
    starts = np.cumsum([0, *(len(word) for word in words[:-1])])

    def loss(calibration: Calibration) -> float:
        one = 1 - calibration.scale * doubt**calibration.exponent - calibration.floor
        chance = np.exp(np.add.reduceat(np.log(np.clip(one, _SURE, 1)), starts))
        chance = np.clip(chance, _SURE, 1 - _SURE)
        return float(-np.log(np.where(right, chance, 1 - chance)).mean())

    grid = itertools.product(_SCALES, _EXPONENTS, _FLOORS)
    return min((Calibration(*numbers) for numbers in grid), key=loss)


def calibration_error(chances: Sequence[float], right: Sequence[bool]) -> float:
    """The expected calibration error (0 to 1) of chances that came true or did not."""
    given, came = np.array(chances), np.array(right, np.float64)
    bins = np.minimum((given * _NUM_BINS).astype(int), _NUM_BINS - 1)
    total = 0.0
    for number in set(bins.tolist()):
        inside = bins == number
        total += inside.mean() * abs(given[inside].mean() - came[inside].mean())
    return float(total)


def line_error(lines: Sequence[ReadLine], calibration: Calibration | None) -> float:
    """The calibration error of lines; None for the mean of the network's own probabilities."""
    chances = [line.chance(calibration) if calibration else line.mean for line in lines]
    return calibration_error(chances, [line.is_right for line in lines])


def word_error(lines: Sequence[ReadLine], calibration: Calibration) -> float:
    """The calibration error of words."""
    words = [word for line in lines for word in line.words]
    chances = [calibration.chance(char.confidence for char in word) for word in words]
    return calibration_error(chances, [right for line in lines for right in line.right_words])
