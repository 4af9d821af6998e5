"""Greedy CTC decoding: one class per time step to text, confidence and where each word lies."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration
from worker.ocr.recognition.charset import BLANK

_SPACE = " "
_WIDE_STEPS = 6
"""Time steps, of 8 pixels where a line is 48 high."""


@dataclass(frozen=True, slots=True)
class Character:
    """One decoded character; `start` and `end` are the time steps of its run, end exclusive.

    `seen` is what the network alone said where the language chose another letter.
    """

    text: str
    confidence: float
    start: int
    end: int
    seen: str = ""

    @property
    def centre(self) -> float:
        """The middle of the run in time steps."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Span:
    """A word of a line; `start` and `end` are its edges as shares (0 to 1) of the line's length.

    `confidence` is what the network gives its characters on average, which tells text from specks;
    `chance` is how likely the word is right, which is what the result calls its confidence. `seen`
    is what the network alone said where the language chose another word.
    """

    text: str
    confidence: float
    start: float
    end: float
    chance: float = 1.0
    seen: str = ""

    def within(self, start: float, end: float) -> Span:
        """The same word where its line is only the part from `start` to `end` of a longer one."""
        length = end - start
        return replace(self, start=start + length * self.start, end=start + length * self.end)


def characters_of(
    classes: NDArray[np.integer],
    confidences: NDArray[np.floating],
    characters: Sequence[str],
) -> list[Character]:
    """Collapse the best class (T,) and its probability (T,) of each step into characters.

    A run of one class is one character, as sure as its surest step; class `i + 1` is
    `characters[i]`. Where more than a line's height is empty between two, there is a space: the
    network, taught on running text, leaves it out between the columns of a table.
    """
    decoded: list[Character] = []
    step = 0
    for number, run in groupby(classes.tolist()):
        end = step + len(list(run))
        if number != BLANK:
            if (
                decoded
                and step - decoded[-1].end > _WIDE_STEPS
                and _SPACE
                not in (
                    decoded[-1].text,
                    characters[number - 1],
                )
            ):
                decoded.append(Character(_SPACE, 1.0, decoded[-1].end, step))
            confidence = min(1.0, float(confidences[step:end].max()))
            decoded.append(Character(characters[number - 1], confidence, step, end))
        step = end
    return decoded


def words_of(
    decoded: Sequence[Character], num_steps: float, calibration: Calibration = UNCALIBRATED
) -> list[Span]:
    """Split characters at spaces into words; the line itself is `num_steps` long, the rest padding.

    A word reaches half a letter past the middles of its outer letters, but not past the middle of
    the space beside it.
    """
    half = _half_pitch(decoded)
    words: list[Span] = []
    index = 0
    for is_space, run in groupby(decoded, key=lambda character: character.text == _SPACE):
        group = list(run)
        first, last = index, index + len(group)
        index = last
        if is_space:
            continue
        left = decoded[first - 1].centre if first else 0.0
        right = decoded[last].centre if last < len(decoded) else num_steps
        start = max(left, group[0].centre - half)
        end = min(right, group[-1].centre + half)
        words.append(
            Span(
                text=_written("".join(c.text for c in group)),
                confidence=statistics.fmean(c.confidence for c in group),
                start=_share(start, num_steps),
                end=_share(end, num_steps),
                chance=calibration.chance(c.confidence for c in group),
                seen=_written("".join(c.seen or c.text for c in group))
                if any(c.seen for c in group)
                else "",
            )
        )
    return words


def _written(text: str) -> str:
    """The text as it is given out: NFC, three dots for an ellipsis.

    The network is taught one character for three dots, for it cannot tell equal letters apart
    that stand closer than two time steps; scans have far more dots than ellipses.
    """
    return unicodedata.normalize("NFC", text.replace("…", "..."))


def confidence_of(words: Sequence[Span]) -> float:
    """The mean over the characters of some words; 0 where there are none."""
    num_characters = sum(len(word.text) for word in words)
    total = sum(word.confidence * len(word.text) for word in words)
    return total / num_characters if num_characters else 0.0


def _half_pitch(decoded: Sequence[Character]) -> float:
    """A little over half of the usual distance between two letters, in time steps."""
    steps = [
        right.centre - left.centre
        for left, right in pairwise(decoded)
        if _SPACE not in (left.text, right.text)
    ]
    return 0.6 * statistics.median(steps) if steps else 1.5


def _share(step: float, num_steps: float) -> float:
    return min(1.0, max(0.0, step / num_steps))
