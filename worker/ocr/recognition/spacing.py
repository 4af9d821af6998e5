"""Move the edges of words from where CTC supposes them to where the ink ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.ctc import Ints, Words
from worker.ocr.recognition.lines import Picture

Profile = NDArray[np.float32]
"""(W,): how much ink begins or ends in each column of a line."""

_REACH = 0.35
"""In heights: how far CTC may be wrong about the edge of a word."""
_BLANK = 0.15
"""The share of a line's mean ink under which a column counts as blank."""
_INFINITE = np.float32(np.inf)


@dataclass(frozen=True, slots=True)
class Ink:
    """The profile of a line, and how many of its columns are as long as it is high."""

    profile: Profile
    height: float


def ink_of(line: Picture) -> Ink:
    """The ink of an RGB line (H, W, 3)."""
    return Ink(profile_of(line), line.shape[0])


def profile_of(line: Picture) -> Profile:
    """How much each column of an RGB line (H, W, 3) differs from the next.

    Changes along the line only: a rule under the text has none.
    """
    profile = np.zeros(line.shape[1], np.float32)
    if line.shape[1] > 1:
        grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
        changes = cv2.absdiff(grey[:, 1:], grey[:, :-1])
        profile[:-1] = cv2.reduce(changes, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0]
    return profile


def fitted(words: Words, inks: Sequence[Ink]) -> Words:
    """The words of lines with the blank between each two as it is in the line's ink."""
    befores = np.flatnonzero(words.lines[1:] == words.lines[:-1])
    if len(befores) == 0:
        return words
    lines = words.lines[befores]
    widths = np.array([len(ink.profile) for ink in inks])[lines]
    reaches = np.array([round(_REACH * ink.height) for ink in inks])[lines]
    starts, ends = (
        np.rint(edges[np.stack((befores, befores + 1))] * widths).astype(np.intp)
        for edges in (words.starts, words.ends)
    )
    firsts = np.maximum(starts[0] + 1, ends[0] - reaches)
    lasts = np.minimum(ends[1] - 1, starts[1] + reaches)
    left, right = _longest_runs(inks, lines, firsts, lasts)
    edges = np.stack((words.starts, words.ends), axis=1)
    edges[befores, 1], edges[befores + 1, 0] = left / widths, right / widths
    edges.sort(axis=1)
    return replace(words, starts=edges[:, 0], ends=edges[:, 1])


def _longest_runs(inks: Sequence[Ink], lines: Ints, firsts: Ints, lasts: Ints) -> tuple[Ints, Ints]:
    """The longest run of blank columns of some lines between two columns each, or the palest column
    where there is none."""
    profiles = np.concatenate([ink.profile for ink in inks])
    blank = np.concatenate([ink.profile < _BLANK * ink.profile.mean() for ink in inks])
    offsets = np.cumsum([0, *(len(ink.profile) for ink in inks[:-1])])[lines]
    size = max(1, int((lasts - firsts).max()))
    columns = np.arange(size)
    inside = columns < (lasts - firsts)[:, None]
    places = np.minimum((firsts + offsets)[:, None] + columns, len(profiles) - 1)
    # How many blank columns on end there are up to each one.
    blanks = blank[places] & inside
    inked = np.maximum.accumulate(np.where(blanks, -1, columns), axis=1)
    runs = np.where(blanks, columns - inked, 0)
    last = runs.argmax(1)
    longest = runs[np.arange(len(runs)), last]
    palest = np.where(inside, profiles[places], _INFINITE).argmin(1)
    has_blank = longest > 0
    starts = firsts + np.where(has_blank, last - longest + 1, palest)
    ends = firsts + np.where(has_blank, last + 1, palest)
    return starts, ends
