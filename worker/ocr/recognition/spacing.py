"""Move the edges of words from where CTC supposes them to where the ink ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.lines import Picture

Profile = NDArray[np.float32]
"""(W,): how much ink begins or ends in each column of a line."""

_REACH = 0.35
"""In heights: how far CTC may be wrong about the edge of a word."""
_BLANK = 0.15
"""The share of a line's mean ink under which a column counts as blank."""


def profile_of(line: Picture) -> Profile:
    """How much each column of an RGB line (H, W, 3) differs from the next.

    Changes along the line only: a rule under the text has none.
    """
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY).astype(np.float32)
    changes = np.abs(np.diff(grey, axis=1, append=grey[:, -1:])).sum(0)
    return np.asarray(changes, np.float32)


def fitted(words: Sequence[Span], line: Picture) -> list[Span]:
    """The words of a line (H, W, 3), with the blank between each two as it is in the picture."""
    if len(words) < 2:
        return list(words)
    height, width = line.shape[:2]
    ink = profile_of(line)
    blank = ink < _BLANK * ink.mean()
    reach = round(_REACH * height)
    edges = [words[0].start]
    for word, following in pairwise(words):
        first = max(round(word.start * width) + 1, round(word.end * width) - reach)
        last = min(round(following.end * width) - 1, round(following.start * width) + reach)
        start, end = _longest_run(blank, ink, first, last)
        edges += [start / width, end / width]
    edges.append(words[-1].end)
    return [
        replace(word, start=min(start, end), end=max(start, end))
        for word, start, end in zip(words, edges[::2], edges[1::2], strict=True)
    ]


def _longest_run(blank: NDArray[np.bool_], ink: Profile, first: int, last: int) -> tuple[int, int]:
    """The longest run of blank columns between two, or the palest column where there is none."""
    if last <= first:
        return first, first
    changes = np.flatnonzero(np.diff(np.concatenate(([0], blank[first:last], [0]))))
    if len(changes) == 0:
        palest = first + int(np.argmin(ink[first:last]))
        return palest, palest
    starts, ends = changes[::2], changes[1::2]
    longest = int(np.argmax(ends - starts))
    return first + int(starts[longest]), first + int(ends[longest])
