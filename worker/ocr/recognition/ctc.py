"""Greedy CTC decoding: one class per time step to text, confidence and where each word lies.

All lines of a page are decoded at once, as arrays: a step in Python for each time step or letter
would hold the interpreter for longer than a GPU takes to read the page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration
from worker.ocr.recognition.charset import BLANK

SPACE = " "
_WIDE_STEPS = 6
"""Time steps, of 8 pixels where a line is 48 high."""
_HALF_PITCH = 1.5
"""Time steps: what `_half_pitches` says of a line with no two letters side by side."""

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]


class Character(NamedTuple):
    """One character of a line."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Characters:
    """The characters of several lines, one after another; `starts` and `ends` (N,) are the time
    steps of their runs, ends exclusive. Those of line i are `firsts[i]` to `firsts[i + 1]`.

    `seen` is, by place, what the network alone said where the language chose another letter.
    """

    texts: Sequence[str]
    confidences: Floats
    starts: Ints
    ends: Ints
    firsts: Ints
    seen: Mapping[int, str] = field(default_factory=dict)

    @property
    def centres(self) -> Floats:
        """The middle of each run in time steps (N,)."""
        return (self.starts + self.ends) / 2

    def of_lines(self) -> list[list[Character]]:
        """The characters of each line."""
        together = list(map(Character, self.texts, self.confidences.tolist()))
        return [together[first:last] for first, last in pairwise(self.firsts.tolist())]

    @property
    def lines(self) -> Ints:
        """The line of each character (N,)."""
        return np.repeat(np.arange(len(self.firsts) - 1), np.diff(self.firsts))

    @property
    def are_spaces(self) -> NDArray[np.bool_]:
        """Whether each is a space (N,): as an array of numbers that is known at once."""
        codes = np.frombuffer("".join(self.texts).encode("utf-32-le"), "<u4")
        return np.asarray(codes == ord(SPACE), bool)

    def with_spaces(self, places: Ints) -> Characters:
        """The same with spaces before some of the places, each between two of one line."""
        return Characters(
            np.insert(np.array(self.texts, object), places, SPACE).tolist(),
            np.insert(self.confidences, places, 1.0),
            np.insert(self.starts, places, self.ends[places - 1]),
            np.insert(self.ends, places, self.starts[places]),
            self.firsts + np.searchsorted(places, self.firsts),
            {
                place + int(np.searchsorted(places, place, "right")): text
                for place, text in self.seen.items()
            },
        )


class Span(NamedTuple):
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
        return self._replace(start=start + length * self.start, end=start + length * self.end)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of several lines: the line of each, its edges as shares of the line's length (W,),
    and from which to which of the `characters` it goes, the last exclusive."""

    lines: Ints
    starts: Floats
    ends: Floats
    characters: Characters
    firsts: Ints
    lasts: Ints

    def spans(self, calibration: Calibration = UNCALIBRATED) -> list[list[Span]]:
        """The words of each line, in order."""
        found: list[list[Span]] = [[] for _ in range(len(self.characters.firsts) - 1)]
        if len(self.lines) == 0:
            return found
        written = "".join(self.characters.texts)
        is_plain = _written(written) == written  # as nearly always; else each word is looked at
        seen = list(self.characters.texts)
        for place, letter in self.characters.seen.items():
            seen[place] = letter
        sure, lengths = self.characters.confidences, self.lasts - self.firsts
        # From first to last, and from there to the next first, which is nobody's.
        edges = np.stack((self.firsts, self.lasts), axis=1).ravel()
        chances = np.multiply.reduceat(np.append(calibration.chances(sure), 1.0), edges)[::2]
        means = np.add.reduceat(np.append(sure, 0.0), edges)[::2] / lengths
        columns = self.lines, self.firsts, self.lasts, means, self.starts, self.ends, chances
        for line, first, last, mean, start, end, chance in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            text = written[first:last]
            other = "".join(seen[first:last]) if self.characters.seen else text
            found[line].append(
                Span(
                    text if is_plain else _written(text),
                    mean,
                    start,
                    end,
                    chance,
                    _written(other) if other != text else "",
                )
            )
        return found


def characters_of(
    classes: Sequence[Ints], confidences: Sequence[Floats], characters: Sequence[str]
) -> Characters:
    """Collapse the best class (T,) and its probability (T,) of each step of each line.

    A run of one class is one character, as sure as its surest step; class `i + 1` is
    `characters[i]`. Where more than a line's height is empty between two, there is a space: the
    network, taught on running text, leaves it out between the columns of a table.
    """
    lengths = np.array([len(line) for line in classes], np.intp)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.intp)
    steps = np.concatenate((np.zeros(0, np.int64), *classes))
    begins = np.ones(len(steps), bool)
    begins[1:] = steps[1:] != steps[:-1]
    begins[offsets[:-1][lengths > 0]] = True
    starts = np.flatnonzero(begins)
    if len(starts) == 0:
        none = np.zeros(0, np.intp)
        return Characters([], np.zeros(0), none, none, np.zeros(len(offsets), np.intp))
    sure = np.maximum.reduceat(np.concatenate(confidences), starts)
    runs = steps[starts]
    ends = np.append(starts[1:], len(steps))
    kept = runs != BLANK
    starts, ends, runs, sure = starts[kept], ends[kept], runs[kept], sure[kept]
    lines = np.searchsorted(offsets, starts, side="right") - 1
    # What is empty for long is a space of its own.
    wide = (starts[1:] - ends[:-1] > _WIDE_STEPS) & (lines[1:] == lines[:-1])
    texts = [characters[number - 1] for number in runs.tolist()]
    beside = np.flatnonzero(wide).tolist()
    places = [at + 1 for at in beside if SPACE not in texts[at : at + 2]]
    read = Characters(
        texts,
        np.minimum(1.0, sure.astype(np.float64)),
        starts - offsets[lines],
        ends - offsets[lines],
        np.searchsorted(lines, np.arange(len(offsets))),
    )
    return read.with_spaces(np.array(places)) if places else read


def words_of(decoded: Characters, num_steps: Floats) -> Words:
    """Split characters at spaces into words; line i is `num_steps[i]` long, the rest is padding.

    A word reaches half a letter past the middles of its outer letters, but not past the middle of
    the space beside it.
    """
    lines, centres = decoded.lines, decoded.centres
    is_letter = ~decoded.are_spaces
    joined = is_letter[1:] & is_letter[:-1] & (lines[1:] == lines[:-1])
    firsts = np.flatnonzero(is_letter & ~np.concatenate(([False], joined))[: len(lines)])
    lasts = np.flatnonzero(is_letter & ~np.concatenate((joined, [False]))[: len(lines)]) + 1
    own = lines[firsts]
    halves = _half_pitches(lines, centres, joined, len(num_steps))[own]
    # What stands before and behind a word in its line is a space.
    padded = np.concatenate(([0.0], centres, [0.0]))
    left = np.where(firsts > decoded.firsts[own], padded[firsts], 0.0)
    right = np.where(lasts < decoded.firsts[own + 1], padded[lasts + 1], num_steps[own])
    starts = np.maximum(left, centres[firsts] - halves) / num_steps[own]
    ends = np.minimum(right, centres[lasts - 1] + halves) / num_steps[own]
    return Words(own, np.clip(starts, 0, 1), np.clip(ends, 0, 1), decoded, firsts, lasts)


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


def _half_pitches(
    lines: Ints, centres: Floats, joined: NDArray[np.bool_], num_lines: int
) -> Floats:
    """A little over half of the usual distance between two letters of each line, in time steps."""
    usual = np.full(num_lines, _HALF_PITCH)
    pitches, lines = np.diff(centres)[joined], lines[1:][joined]
    if len(pitches) == 0:
        return usual
    pitches = pitches[np.lexsort((pitches, lines))]
    own, starts, counts = np.unique(lines, return_index=True, return_counts=True)
    usual[own] = 0.6 * (pitches[starts + counts // 2] + pitches[starts + (counts - 1) // 2]) / 2
    return usual
