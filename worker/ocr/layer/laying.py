"""Lay the words of a text layer over the lines that are seen on a page, and over their ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.bounds import within_bounds
from worker.ocr.detection.boxes import NONE, Quads
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layer.words import LayerWord
from worker.ocr.layout.pieces import WIDE_GAP, Quad
from worker.ocr.recognition.spacing import profile_of

# All but the levels in heights of the line.
_FAINT = 24
"""Grey levels: columns of pixels that differ less have no ink."""
_EDGE = 0.25
"""How far ink may lie beside the word that it belongs to: italics, and boxes drawn too close."""
_STRAY = 0.2
"""Columns of ink that no word covers: no rule is as wide, and hardly a letter is narrower."""
_BLANK_END = 0.7
"""How long a word may be blank where it begins or ends."""
_LEAST_GAP = 0.12
_MAX_FILLED = 0.4
"""The share of gaps between words in which there is ink."""
_BLANK = 0.15
"""The share of a line's mean ink under which a column counts as blank."""
_BEYOND = 0.6
"""How far a word may reach out of the line that it lies on."""
_SAME_LINE, _SAME_PLACE = 0.6, 0.35
"""Of the smaller one: what two words of a row, and two in one place, have in common."""


@dataclass(slots=True)
class Placed:
    """A word from `start` to `end` of its line; not `is_sure` where it cannot be as it says.

    `was_read`: it was read, and is what the layer says.
    """

    word: LayerWord
    start: float
    end: float
    is_sure: bool
    was_read: bool = False

    def common_with(self, start: float, end: float) -> float:
        """How much of the line it shares with what lies from `start` to `end`."""
        return max(0.0, min(self.end, end) - max(self.start, start))


@dataclass(slots=True)
class Region:
    """A line of the page with the words that lie on it, from its start to its end.

    `fits`: ink is where words are, and none where the gaps between them are. `is_covered`: no ink
    lies beside the words. `was_seen`: the detector found the line, not the layer.
    """

    quad: Quad
    was_seen: bool
    words: list[Placed] = field(default_factory=list)
    fits: bool = True
    is_covered: bool = False

    @property
    def text(self) -> str:
        """What the layer says."""
        return " ".join(placed.word.text for placed in self.words)

    @property
    def height(self) -> float:
        """The height of the line as a share of its length."""
        return _height(self.quad) / _length(self.quad)


def lay_over(sheet: Sheet, words: Sequence[LayerWord]) -> list[Region]:
    """The lines of a page, first those of the sheet, with the words that have something under them.

    Where the layer has words, and there is ink, and the detector saw nothing, a line is made.
    """
    regions = [Region(quad, True) for quad in sheet.quads]
    rest = _put(regions, words)
    grey = cv2.cvtColor(sheet.picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    inked = [word for word in rest if _has_ink(grey, word)]
    unseen = [Region(quad, False) for quad in within_bounds(rows_of_words(inked))[0]]
    _put(unseen, inked)
    for region in (*regions, *unseen):
        if region.words:
            _settle(region, sheet.crop(region.quad).pixels())
    return [*regions, *(region for region in unseen if region.words)]


def turned_with(sheet: Sheet, words: Sequence[LayerWord]) -> list[LayerWord]:
    """The words where they lie once the page is turned as its sheet is."""
    height, width = sheet.picture.shape[:2]

    def turned(word: LayerWord) -> LayerWord:
        left, top, right, bottom = word[1:5]
        places = {
            0: (left, top, right, bottom),
            90: (width - bottom, left, width - top, right),
            180: (width - right, height - bottom, width - left, height - top),
            270: (top, height - right, bottom, height - left),
        }
        return LayerWord(word.text, *places[sheet.rotation], word.font, word.is_sure)

    return [turned(word) for word in words]


def as_told(sheet: Sheet, words: Sequence[LayerWord]) -> list[Region]:
    """The lines of a sheet, which are those of the layer, with their words."""
    regions = [Region(quad, False, is_covered=True) for quad in sheet.quads]
    _put(regions, words)
    return [region for region in regions if region.words]


def rows_of_words(words: Sequence[LayerWord]) -> Quads:
    """The boxes (N, 4, 2) of words that follow each other on a line without a wide gap."""
    rows: list[list[LayerWord]] = []
    for word in words:
        if not rows or not _follows(rows[-1][-1], word):
            rows.append([])
        rows[-1].append(word)
    if not rows:
        return NONE
    sides = [np.array([word[1:5] for word in row], np.float32) for row in rows]
    lows = np.stack([side.min(0) for side in sides])
    highs = np.stack([side.max(0) for side in sides])
    (left, top), (right, bottom) = lows[:, :2].T, highs[:, 2:].T
    corners = np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float32)
    return np.ascontiguousarray(corners.transpose(2, 0, 1))


def _follows(before: LayerWord, after: LayerWord) -> bool:
    height = min(before.bottom - before.top, after.bottom - after.top)
    common = min(before.bottom, after.bottom) - max(before.top, after.top)
    gap = after.left - before.right
    return common >= _SAME_LINE * height and -_EDGE * height <= gap <= WIDE_GAP * height


def _put(regions: Sequence[Region], words: Sequence[LayerWord]) -> list[LayerWord]:
    """Put each word on the line that its middle lies on; those that lie on none are answered."""
    if not regions or not words:
        return list(words)
    sides = np.array([word[1:5] for word in words], np.float32)
    centres = (sides[:, :2] + sides[:, 2:]) / 2
    best = np.full(len(words), 0.5, np.float32)
    line_of = np.full(len(words), -1)
    for number, region in enumerate(regions):
        along, across = _shares(region.quad, centres)
        off = np.abs(across - 0.5)
        inside = (along >= 0) & (along <= 1) & (off < best)
        best[inside], line_of[inside] = off[inside], number
    groups: dict[int, list[LayerWord]] = {}
    for word, number in zip(words, line_of.tolist(), strict=True):
        groups.setdefault(number, []).append(word)
    rest = groups.pop(-1, [])
    for number, group in groups.items():
        regions[number].words = _placed(regions[number].quad, group)
    return rest


def _shares(quad: Quad, points: NDArray[np.floating]) -> tuple[Quad, Quad]:
    """Where points (N, 2) lie along a quad and across it, as shares of its sides."""
    axes = np.stack(((quad[1] + quad[2] - quad[0] - quad[3]) / 2, quad[3] - quad[0]))
    squares = np.maximum((axes**2).sum(1), 1e-6)
    along, across = (points - quad[0]) @ axes[0], (points - quad[0]) @ axes[1]
    return (along / squares[0]).astype(np.float32), (across / squares[1]).astype(np.float32)


def _placed(quad: Quad, words: Sequence[LayerWord]) -> list[Placed]:
    room, found = _BEYOND * _height(quad) / _length(quad), []
    for word in words:
        corners = [(x, y) for x in (word.left, word.right) for y in (word.top, word.bottom)]
        along = _shares(quad, np.asarray(corners, np.float32))[0]
        start, end = float(along.min()), float(along.max())
        is_sure = word.is_sure and start >= -room and end <= 1 + room
        found.append(Placed(word, max(0.0, start), min(1.0, end), is_sure))
    found.sort(key=lambda placed: placed.start)
    return _once(found)


def _once(words: list[Placed]) -> list[Placed]:
    """The words without equal ones in the same place; of different ones there none is sure."""
    kept: list[Placed] = []
    for placed in words:
        last = kept[-1] if kept else placed
        shorter = min(placed.end - placed.start, last.end - last.start)
        if kept and placed.common_with(last.start, last.end) > _SAME_PLACE * shorter:
            if placed.word.text == last.word.text:
                continue
            placed.is_sure = last.is_sure = False
        kept.append(placed)
    return kept


def _has_ink(grey: NDArray[np.uint8], word: LayerWord) -> bool:
    left, top, right, bottom = (max(0, round(side)) for side in word[1:5])
    part = grey[top : bottom + 1, left : right + 1]
    return part.size > 0 and int(part.max()) - int(part.min()) >= _FAINT


def _settle(region: Region, line: NDArray[np.uint8]) -> None:
    """Drop the words of a line (H, W, 3) that have no ink, and see how the others lie on it."""
    height, width = line.shape[:2]
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    has_ink = grey.max(0).astype(int) - grey.min(0) >= _FAINT
    # A neighbouring line may reach in above and below.
    steps = profile_of(line[round(0.15 * height) : max(1, round(0.85 * height))])
    covered = np.zeros(width, bool)
    kept = []
    for placed in region.words:
        first, last = round(placed.start * width), round(placed.end * width) + 1
        inked = np.flatnonzero(has_ink[first:last])
        if len(inked) == 0:
            continue
        blank = max(int(inked[0]), min(last, width) - first - 1 - int(inked[-1]))
        region.fits &= blank <= _BLANK_END * height
        edge = round(_EDGE * height)
        covered[max(0, first - edge) : last + edge] = True
        kept.append(placed)
    region.words = kept
    if not kept:
        return
    mean = float(steps[covered].mean())
    region.is_covered = int((steps[~covered] > mean).sum()) <= _STRAY * height
    region.fits &= not _are_gaps_filled(kept, steps < _BLANK * mean, height)


def _are_gaps_filled(words: Sequence[Placed], blank: NDArray[np.bool_], height: int) -> bool:
    width = len(blank)
    gaps = [
        (round(one.end * width), round(other.start * width) + 1)
        for one, other in pairwise(words)
        if (other.start - one.end) * width >= _LEAST_GAP * height
    ]
    filled = sum(not blank[first:last].any() for first, last in gaps)
    return filled > _MAX_FILLED * len(gaps)


def _length(quad: Quad) -> float:
    return max(1e-6, float(np.linalg.norm(quad[1] + quad[2] - quad[0] - quad[3])) / 2)


def _height(quad: Quad) -> float:
    return float(np.linalg.norm(quad[3] + quad[2] - quad[0] - quad[1])) / 2
