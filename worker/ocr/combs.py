"""Combs: rows of equal places for one letter or digit each, as forms have for numbers and names.

Their strokes would be read as 1, l and |, what stands between them as lone letters. So they are
taken off the picture; what is in them is moved together, read as a line, and put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.result import Word
from worker.ocr.detection.boxes import in_reading_turn
from worker.ocr.detection.crops import Crop, crop, runs_of
from worker.ocr.detection.scaling import LINE
from worker.ocr.layout.pieces import Piece, Quad, as_box, part_of
from worker.ocr.outlines import FAINT, Grey, Look
from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.lines import Picture

# In heights of a line.
_HEIGHTS = 0.75, 2.4
_SHORTEST = 1.0
"""How long one of two places is at least, in heights of a comb."""
_NEXT = 0.7
"""How far places of one comb may stand apart."""
_CLOSED = 0.6
"""The share of its sides along which there are strokes in the smaller picture."""
_FILLED = 0.8
"""The share of its rectangle that the outline of a comb fills."""
# In heights of a comb.
_EDGE = 0.2
"""How far its outer strokes may lie from the edge of what is looked at."""
_THICK = 0.2
_WIDTHS = 0.4, 1.3
"""Of a place."""
_UNEVEN = 0.12
"""By how much the width of a place may differ from the usual one."""
_FULL = 0.9
"""The share of a stroke that has ink: no letter is as high as its place."""
_SPECK = 0.06
"""What is smaller in both directions is dust."""
_BETWEEN = 0.08
"""Blank columns that part two letters; a place that has two is a cell of a table."""
_SPACE, _MARGIN = 0.3, 0.04
"""What is put in the place of an empty one, and what is left beside a letter."""
_BESIDE = 1.6
"""Boxes that stand apart are of one comb where no gap is wider than the narrowest by so much."""


_SLACK = 4
"""Pixels of the smaller picture that a gap may seem wider: strokes are thickened there."""
_LEVEL = 0.2
"""Of the height of a place: how much higher or lower the next one may be."""

Outline: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Comb:
    """A comb: its corners (4, 2) on the page, each place from start to end as shares of its length,
    and where the letter in it begins and ends, None in an empty one."""

    quad: Quad
    places: tuple[tuple[float, float], ...]
    letters: tuple[tuple[float, float] | None, ...]
    rows: tuple[float, float]

    def is_around(self, point: NDArray[np.float32]) -> bool:
        """Whether a point (2,) of the page lies in it."""
        x, y = point.tolist()
        return cv2.pointPolygonTest(self.quad, (x, y), False) >= 0

    def line(self, picture: Picture) -> Crop:
        """Its letters as running text: an empty place between two is a space."""
        row = crop(picture, self.quad)
        height, width = row.shape[:2]
        row = row[round(self.rows[0] * height) : round(self.rows[1] * height)]
        ground = np.median(row.reshape(-1, 3), axis=0).astype(np.uint8)
        blank = np.broadcast_to(ground, (len(row), max(1, round(_SPACE * height)), 3))
        margin = round(_MARGIN * height) + 1
        parts = [blank]
        for place, letter in zip(self.places, self.letters, strict=True):
            if letter:
                first = max(round(place[0] * width), round(letter[0] * width) - margin)
                last = min(round(place[1] * width), round(letter[1] * width) + margin)
                parts.append(row[:, first:last])
            elif parts[-1] is not blank:
                parts.append(blank)
        return Crop.of(np.concatenate((*parts, blank), axis=1))

    def holds(self, spans: Sequence[Span]) -> bool:
        """Whether as many letters were read as it has."""
        return sum(len(span.text) for span in spans) == sum(map(bool, self.letters))

    def pieces(self, spans: Sequence[Span]) -> list[Piece]:
        """What it says."""
        text = "".join(span.text for span in spans)
        chances = [span.chance for span in spans for _ in span.text]
        words, at = list[Word](), 0
        for has_letters, group in groupby(
            range(len(self.letters)), lambda n: bool(self.letters[n])
        ):
            own = list(group)
            if has_letters:
                part = part_of(self.quad, self.places[own[0]][0], self.places[own[-1]][1])
                end = at + len(own)
                words.append(
                    Word(text=text[at:end], confidence=min(chances[at:end]), box=as_box(part))
                )
                at = end
        quad = np.array(
            (words[0].box[0], words[-1].box[1], words[-1].box[2], words[0].box[3]), np.float32
        )
        return [Piece(quad, tuple(words))]


def find_combs(look: Look, picture: Picture) -> list[Comb]:
    """The combs of an RGB picture (H, W, 3)."""
    quads = (_around(row) for row in _rows(_framed(look)))
    found = (_comb(picture, (quad + 0.5) * 2 / look.scale) for quad in quads)
    return [comb for comb in found if comb]


def _framed(look: Look) -> Iterator[Outline]:
    """What is as high as a comb and framed by strokes: all of one, or a place that stands apart."""
    _, _, widths, heights = look.boxes.T
    boxes = look.boxes[(heights >= _HEIGHTS[0] * LINE) & (widths >= _WIDTHS[0] * heights)]
    for outline in map(look.outline, boxes[look.are_closed(boxes, _CLOSED)]):
        _, sides, _ = cv2.minAreaRect(outline)
        is_framed = cv2.contourArea(outline) >= _FILLED * sides[0] * sides[1]
        if is_framed and min(sides) <= _HEIGHTS[1] * LINE:
            yield outline


def _rows(outlines: Iterable[Outline]) -> Iterator[list[Outline]]:
    """Outlines side by side, with even gaps between them."""
    rows: list[list[tuple[list[int], Outline]]] = []
    boxed = [([int(side) for side in cv2.boundingRect(outline)], outline) for outline in outlines]
    for box, outline in sorted(boxed, key=itemgetter(0)):
        row = next((row for row in rows if _goes_on(row[-1][0], box)), None)
        if row is None:
            row = []
            rows.append(row)
        row.append((box, outline))
    for row in rows:
        gaps = [after[0] - before[0] - before[2] for (before, _), (after, _) in pairwise(row)]
        widest = _BESIDE * max(0, min(gaps, default=0)) + _SLACK
        firsts = [0, *(n + 1 for n, gap in enumerate(gaps) if gap > widest), len(row)]
        for first, last in pairwise(firsts):
            (left, _, _, height), (right, _, width, _) = row[first][0], row[last - 1][0]
            if right + width - left >= _SHORTEST * height:
                yield [outline for _, outline in row[first:last]]


def _goes_on(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a second outline (left, top, length, height) stands beside a first one, as high."""
    gap = other[0] - one[0] - one[2]
    off = max(abs(one[1] - other[1]), abs(one[3] - other[3]))
    return -2 <= gap <= _NEXT * LINE and off <= _LEVEL * one[3] + 1


def _around(row: Sequence[Outline]) -> Quad:
    """The corners (4, 2) of what holds some outlines."""
    rectangle = cv2.minAreaRect(np.concatenate(row))
    quads = in_reading_turn(cv2.boxPoints(rectangle)[None].astype(np.float32))
    return np.asarray(quads[0], np.float32)


def _comb(picture: Picture, quad: Quad) -> Comb | None:
    """The comb whose strokes are about the sides of a quad, if it is one."""
    inked = _inked(crop(picture, quad))
    height, width = inked.shape
    edge = round(_EDGE * height) + 1
    rows = _strokes(inked.T, _FULL / 2, _THICK * height)
    tops = [last for first, last in rows if first <= edge]
    bottoms = [first for first, last in rows if last >= height - edge]
    if not tops or not bottoms or bottoms[-1] - tops[0] < height / 2:
        return None
    top, bottom = tops[0], bottoms[-1]
    teeth = _strokes(inked[top:bottom], _FULL, _THICK * height)
    if len(teeth) < 3 or teeth[0][0] > edge or teeth[-1][1] < width - edge:
        return None
    lids = inked[:top].max(0), inked[bottom:].max(0)
    places = [
        (left, right)
        for (_, left), (right, _) in pairwise(teeth)
        if all(lid[left:right].mean() >= _FULL for lid in lids)
    ]
    widths = np.array([right - left for left, right in places])
    usual = float(np.median(widths)) if len(places) > 1 else 0.0
    if np.abs(widths - usual).max(initial=0) > max(3.0, _UNEVEN * usual):
        return None
    if not _WIDTHS[0] <= usual / height <= _WIDTHS[1]:
        return None
    return _with_letters(quad, inked, places, (top, bottom))


def _with_letters(
    quad: Quad, inked: Grey, places: Sequence[tuple[int, int]], rows: tuple[int, int]
) -> Comb | None:
    """The comb with what is in its places; None where that is more than a letter each."""
    height, width = inked.shape
    letters: list[tuple[float, float] | None] = []
    for left, right in places:
        found = _groups(inked[rows[0] : rows[1], left:right], height)
        if len(found) > 1:
            return None
        letters += [((left + first) / width, (left + last) / width) for first, last in found] or [
            None
        ]
    shares = tuple((left / width, right / width) for left, right in places)
    return Comb(quad, shares, tuple(letters), (rows[0] / height, rows[1] / height))


def _groups(place: Grey, height: int) -> list[tuple[int, int]]:
    """From where to where there is ink in a place, but for dust; apart where paper lies between."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(place, connectivity=8)
    kept = (stats[:, 2:4].max(1) >= _SPECK * height).astype(np.uint8)
    kept[0] = 0
    columns = np.flatnonzero(kept[labels].any(0))
    if len(columns) == 0:
        return []
    cuts = np.flatnonzero(np.diff(columns) > _BETWEEN * height + 1)
    firsts, lasts = columns[[0, *(cuts + 1)]], columns[[*cuts, len(columns) - 1]]
    return [(int(first), int(last) + 1) for first, last in zip(firsts, lasts, strict=True)]


def _inked(row: Picture) -> Grey:
    """1 where a row has ink, be it white on a dark ground."""
    grey = np.asarray(cv2.cvtColor(row, cv2.COLOR_RGB2GRAY), np.uint8)
    columns = np.percentile(grey, 75, axis=0).astype(np.uint8)[None]
    paper = cv2.dilate(columns, np.ones((1, len(grey) | 1), np.uint8))  # over the strokes
    differs = cv2.absdiff(grey, np.repeat(paper, len(grey), axis=0))
    return np.asarray(cv2.threshold(differs, FAINT, 1, cv2.THRESH_BINARY)[1], np.uint8)


def _strokes(inked: Grey, full: float, most: float) -> list[tuple[int, int]]:
    """The first column and the last (exclusive) of each stroke that runs all the way down, a little
    aslant, too; none where one is too thick."""
    is_full = cv2.dilate(np.ascontiguousarray(inked), np.ones((1, 3), np.uint8)).mean(0) >= full
    found = runs_of(is_full)
    return found if all(last - first <= most + 2 for first, last in found) else []
