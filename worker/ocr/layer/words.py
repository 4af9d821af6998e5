"""The words of a text layer, as they come out of a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

SOFT_HYPHEN = "\u00ad"
"""Some fonts show it, as a hyphen; where others have it nobody sees anything."""

RAISED = dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
"""Digits as they are written above the line."""


class LayerWord(NamedTuple):
    """A word with its place in pixels of the page as it is rendered.

    `font` numbers the fonts of a page, and the sets of fonts that words are written in. A word is
    not sure where it has letters without a meaning, or some upon each other.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    font: int
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Hint:
    """What a page says of itself; of each font `num_samples` places are read to see if it is so.

    Without samples nobody looks, and all of it is taken.
    """

    words: Sequence[LayerWord]
    num_samples: int
