"""What Vietnamese writes: how likely each letter is after the five before it."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.ocr.networks.weights import bundled, load_card
from worker.ocr.recognition.charset import LETTERS

FILE = bundled("vi-language").with_suffix(".npz")
ORDER = 6
"""Characters: a letter is weighed by the five before it."""
BITS = 7
"""Of a character's code; a run of characters is one number."""

_CODES = {char: number for number, char in enumerate(" .0" + LETTERS, start=1)}
_SIGN, _DIGIT = _CODES["."], _CODES["0"]
CONTEXT = (1 << (BITS * (ORDER - 1))) - 1
_STEP = 1 / 12
"""Log chances are kept in steps of this size, a byte each."""
_UNKNOWN = -12.0
"""The log chance of a character that the texts lack."""


class Language:
    """Log chances of characters after others, from runs of up to six of them.

    A model in the backing-off form of Katz (1987): `weights` belong to the runs that stand before.
    """

    def __init__(
        self, keys: Sequence[int], chances: Sequence[float], weights: Sequence[float]
    ) -> None:
        self._chances = dict(zip(keys, chances, strict=True))
        self._weights = {key: weight for key, weight in zip(keys, weights, strict=True) if weight}

    def chance(self, context: int, code: int) -> float:
        """The log chance of a character after the (up to) five before it, which are one number."""
        total, length = 0.0, -(-context.bit_length() // BITS)
        while length:
            found = self._chances.get(context << BITS | code)
            if found is not None:
                return total + found
            total += self._weights.get(context, 0.0)
            length -= 1
            context &= (1 << (BITS * length)) - 1
        return total + self._chances.get(code, _UNKNOWN)


def codes_of(text: str) -> list[int]:
    """Each character's code: letters without their case, all digits alike, all signs alike."""
    return [code_of(char) for char in text]


def save(
    path: Path,
    keys: NDArray[np.int64],
    chances: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> None:
    """Write a model: ascending keys by their distances, chances and weights in a byte each."""
    chances, weights = (np.clip(np.round(-part / _STEP), 0, 255) for part in (chances, weights))
    np.savez_compressed(
        path,
        distances=np.diff(keys, prepend=0),
        chances=chances.astype(np.uint8),
        weights=weights.astype(np.uint8),
    )


@functools.cache
def vietnamese() -> Language:
    """The model that ships, loaded once. Raises WeightsError where it is not what its card says."""
    load_card(FILE)
    steps = [-_STEP * number for number in range(256)]
    with np.load(FILE) as stored:
        keys = np.cumsum(stored["distances"]).tolist()
        chances = [steps[number] for number in stored["chances"].tolist()]
        weights = [steps[number] for number in stored["weights"].tolist()]
    return Language(keys, chances, weights)


@functools.lru_cache(maxsize=50_000)
def chance_of(word: str, language: Language) -> float:
    """The log chance of a word between two spaces."""
    context, total = 0, 0.0
    for place, code in enumerate(codes_of(f" {word} ")):
        total += language.chance(context, code) if place else 0.0
        context = (context << BITS | code) & CONTEXT
    return total


@functools.lru_cache(maxsize=1024)
def code_of(char: str) -> int:
    """One character's."""
    return _CODES.get(char.lower()) or (_DIGIT if char.isdigit() else _SIGN)


@functools.lru_cache(maxsize=1024)
def base_of(char: str) -> str:
    """The letter without its marks, in its case; empty for what is no letter."""
    if not char.isalpha():
        return ""
    return {"đ": "d", "Đ": "D"}.get(char) or unicodedata.normalize("NFD", char)[0]
