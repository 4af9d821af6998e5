"""Where the network doubts a space, look whether the ink has a gap there.

Taught on running text, it leaves spaces out between lone letters (`A or B`) and puts one between
the letters and the figures of a code (`XY42Z7`). It is sure of most: of few lines the ink is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.ctc import SPACE, Characters, Floats, Ints
from worker.ocr.recognition.lines import Picture

_SEEN = 0.005
"""From this chance on a space may be where none was read: in ordinary words it is not seen."""
_SURE = 0.95
"""A space as sure as that is one."""
_PALE = 0.35
"""Of a line's contrast: what differs less from its paper is none of its ink."""
_MARGIN = 0.1
"""In heights: what is not looked at above and below, where the lines beside reach in."""
_NONE = 1.2
"""Of the usual gap between two letters of a line: what is as narrow is no space."""
_FEW = 3
"""Gaps in words from which it is known what is usual: of `GOI` one is the wider in any case."""
_STEP = 1.7
"""By how much the narrowest space is wider than the widest gap in the words of a line."""
_LEAST = 0.18
"""In heights: how wide a space is at least."""
_LIKE_OTHERS = 0.7
"""Of the narrowest space that is sure in a line."""

Look = Callable[[int], tuple[Picture, float]]
"""The picture (H, W, 3) of a line by its number, and how many time steps it is long."""


def settled(
    decoded: Characters,
    classes: Sequence[Ints],
    chances: Sequence[Floats],
    characters: str,
    look: Look,
) -> Characters:
    """The characters of lines with the spaces that their ink has, where the network doubts them.

    `classes` and `chances` (T, K) are the K best of each time step of each line.
    """
    doubts = _doubts(decoded, classes, chances, characters)
    lost, made_up = list[int](), list[int]()
    for line in sorted(set(decoded.lines[doubts].tolist())):
        first, last = decoded.firsts[line : line + 2].tolist()
        own = {place - first for place in doubts[(first <= doubts) & (doubts < last)].tolist()}
        picture, num_steps = look(line)
        places = decoded.centres[first:last] / num_steps * picture.shape[1]
        gaps = _Gaps(decoded.texts[first:last], places, own, picture)
        if any(map(gaps.has_space, own)):  # then what is as wide is one, too
            lost += [at + 1 for at in range(first, last - 1) if gaps.has_space(at - first)]
        made_up += [first + place for place in sorted(gaps.made_up)]
    return _changed(decoded, sorted(lost), made_up) if lost or made_up else decoded


def _doubts(
    decoded: Characters, classes: Sequence[Ints], chances: Sequence[Floats], characters: str
) -> Ints:
    """The places of spaces that may be none, and of letters after which one may be."""
    if len(decoded.texts) == 0 or SPACE not in characters:
        return np.zeros(0, np.intp)
    is_space = decoded.are_spaces
    own = decoded.lines
    offsets = np.cumsum([0, *(len(line) for line in classes[:-1])])[own]
    is_seen = (np.concatenate(classes) == characters.index(SPACE) + 1) & (
        np.concatenate(chances) >= _SEEN
    )
    before = np.concatenate(([0], np.cumsum(is_seen.any(1))))
    starts, ends = offsets + decoded.starts, offsets + decoded.ends
    joined = ~is_space[1:] & ~is_space[:-1] & (own[1:] == own[:-1])
    joined &= before[ends[1:]] > before[starts[:-1]]
    unsure = is_space & (decoded.confidences < _SURE)
    return np.flatnonzero(unsure | np.append(joined, False))


class _Gaps:
    """The gaps in the ink of a line, whose characters stand at some pixels (N,) of its picture;
    `doubts` are the places of those in doubt."""

    def __init__(
        self, texts: Sequence[str], places: Floats, doubts: set[int], picture: Picture
    ) -> None:
        self._texts = texts
        self._places = places.tolist()
        self._blank = blank_columns(picture).tobytes()  # in bytes runs are found at once
        between = range(len(texts) - 1)
        self._gaps = [self._gap(at) for at in between if SPACE not in texts[at : at + 2]]
        spaces = {at for at in between[1:] if texts[at] == SPACE}
        self.made_up = {at for at in doubts & spaces if self._is_none(self._gap(at))}
        sure = [self._gap(at) for at in spaces - doubts]
        gaps = sorted([*self._gaps, *map(self._gap, doubts & spaces)])
        self._space = _narrowest(
            gaps, max(_LEAST * len(picture), _LIKE_OTHERS * min(sure, default=0))
        )

    def has_space(self, place: int) -> bool:
        """Whether a space is after a letter of that place, though none was read."""
        texts = self._texts[place : place + 2]
        if not all(map(str.isalnum, texts)) or all(map(str.isdigit, texts)):
            return False
        return self._gap(place) >= self._space

    def _is_none(self, gap: float) -> bool:
        """Whether it is as narrow as what is between two letters."""
        return len(self._gaps) >= _FEW and 0 < gap <= _NONE * median(self._gaps)

    def _gap(self, place: int) -> float:
        """The longest run of blank columns between a letter, or the one before a space, and the
        next."""
        first = int(self._places[place - (self._texts[place] == SPACE)])
        blank = self._blank[first : int(self._places[place + 1]) + 1]
        return float(max(map(len, blank.split(b"\0"))))


def _narrowest(gaps: Sequence[float], least: float) -> float:
    """How wide a space is at least: the gaps in words, in order, are narrower by far."""
    if len(gaps) < _FEW:
        return math.inf
    wide = (gap for narrower, gap in pairwise(gaps) if gap >= max(least, _STEP * narrower))
    return next(wide, math.inf)


def blank_columns(line: Picture) -> NDArray[np.bool_]:
    """Whether each column (W,) of an RGB line (H, W, 3) is paper from top to bottom."""
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    margin = round(_MARGIN * len(grey))
    grey = grey[margin : len(grey) - margin] if len(grey) > 2 * margin else grey
    ink = cv2.absdiff(grey, np.full_like(grey, _percentile(grey, 0.5)))
    darkest = np.asarray(cv2.reduce(ink, 0, cv2.REDUCE_MAX), np.uint8)[0]
    return np.asarray(darkest < _PALE * _percentile(ink, 0.99), bool)


def _percentile(grey: cv2.typing.MatLike, share: float) -> float:
    """What numpy's says of levels of grey, by their counts: a tenth of its time."""
    counts = np.cumsum(cv2.calcHist([grey], [0], None, [256], (0, 256)))
    place = share * (grey.size - 1)
    low = int(place)
    one, next_one = np.searchsorted(counts, (low, low + 1), side="right").tolist()
    return float(one + (min(next_one, 255) - one) * (place - low))


def _changed(decoded: Characters, lost: Sequence[int], made_up: Sequence[int]) -> Characters:
    """The characters with spaces before some of the places, and without those of others."""
    kept = np.ones(len(decoded.texts) + len(lost), bool)
    kept[np.array(made_up, np.intp) + np.searchsorted(lost, made_up, "right")] = False
    before = np.concatenate(([0], np.cumsum(kept)))
    spaced = decoded.with_spaces(np.array(lost, np.intp))
    return Characters(
        [text for text, is_kept in zip(spaced.texts, kept, strict=True) if is_kept],
        spaced.confidences[kept],
        spaced.starts[kept],
        spaced.ends[kept],
        before[spaced.firsts],
        {int(before[place]): text for place, text in spaced.seen.items()},
    )
