"""Square frames of four straight strokes, as check boxes are: where on a page they are.

A smaller picture shows where one may be, and only there the page is looked at closely: most pages
have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from worker.ocr.detection.scaling import LINE, grey_of
from worker.ocr.outlines import (
    FAINT,
    HEIGHT,
    STROKE,
    THREE,
    Grey,
    Look,
    ink_on,
    outlines_of,
    scaled,
    strokes_across,
    strokes_down,
)

# In heights of a line.
_SIDES = 0.45, 1.5
"""The sides of a frame."""
_BESIDE = 0.15
"""How near the letters of a word are to each other."""
_ROOM = 0.5
"""In heights: what of the page is looked at round a place that may have a box."""
_ABOUT_SQUARE, _CLOSED = 0.6, 0.45
"""The same as `_SQUARE` and `_FULL` below, in the smaller picture. A tick that reaches out of a box
of 12 pixels there widens what is taken for it, so that its sides are half filled."""
_MOST_PLACES = 250
"""Where there are more, the whole page is looked at at once."""

_LENGTH = round(STROKE * HEIGHT)
_SQUARE = 0.75
"""Height over length, or length over height."""
_MOSTLY = 0.7
_OUTSIDE = 0.35
_FULL = 0.92
"""The share of a side that has ink; letters have round corners."""
_THICK = 0.2
"""Of a side: how far from the edge its ink may be; there it ends, as in no bold letter."""
_CORNER = 0.1
"""Of a side: how near to its corners ink is."""
_INSIDE = 0.24
"""The share of its sides that does not count as inside."""
_MARKED = 0.05
"""The share of ink from which there is a mark."""
_HATCHED = 2.4
"""Strokes that a line across or down meets on average: a cross has two, a tick fewer."""
Area = tuple[float, ...]
"""Left, top, right, bottom, in pixels of the page."""
Inside = Literal["paper", "mark", "hatching"]
"""Hatching is of the legend of a plan or a chart: nobody has ticked it."""
Frame = tuple[int, int, int, int]
"""Left, top, length and height, in pixels of the picture in which boxes are looked for."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a page as it is scaled, grey, and its ink; it begins at a point (x, y) of the page
    as it is scaled. The middle of a frame lies in a place of it."""

    grey: Grey
    ink: Grey
    start: tuple[int, int]
    place: Area

    @classmethod
    def around(cls, place: Area, look: Look) -> _Part:
        """What is round a place of the page."""
        scale = look.scale
        room = _ROOM * HEIGHT / scale
        left, top, right, bottom = place
        x, y = max(0, int(left - room)), max(0, int(top - room))
        seen = look.picture[y : int(bottom + room) + 1, x : int(right + room) + 1]
        grey = scaled(grey_of(seen), scale)
        own = look.ground[int(y * scale / 2) :, int(x * scale / 2) :]
        own = own[: max(1, grey.shape[0] // 2), : max(1, grey.shape[1] // 2)]
        ink = ink_on(grey, np.asarray(cv2.resize(own, grey.shape[::-1]), np.uint8), FAINT)
        inner = (left - x) * scale, (top - y) * scale, (right - x) * scale, (bottom - y) * scale
        return cls(grey, ink, (round(x * scale), round(y * scale)), inner)


def find_frames(look: Look) -> list[tuple[Frame, Inside]]:
    """The frames of a page, in pixels of it as it is scaled, and what is in each."""
    found: list[tuple[Frame, Inside]] = []
    for part in _with_strokes([_Part.around(place, look) for place in _places(look)]):
        found += [
            (frame, inside)
            for frame, inside in _frames_in(part)
            if not any(_is_same(frame, other) for other, _ in found)
        ]
    return sorted(found)


def _is_same(one: Frame, other: Frame) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) < min(one[2:]) / 2


def _places(look: Look) -> list[Area]:
    """Where there may be a frame, in pixels of the page."""
    least, most = _SIDES[0] * LINE - 2, _SIDES[1] * LINE + 2
    rectangles = look.boxes
    longer, shorter = rectangles[:, 2:].max(1), rectangles[:, 2:].min(1)
    has_size = (least <= shorter) & (longer <= most) & (shorter >= _ABOUT_SQUARE * longer)
    rectangles = rectangles[has_size]
    rectangles = rectangles[look.are_closed(rectangles, _CLOSED)]
    edges = np.concatenate((rectangles[:, :2], rectangles[:, :2] + rectangles[:, 2:]), axis=1)
    places: list[Area] = [tuple(place) for place in (edges * 2 / look.scale).tolist()]
    if len(places) > _MOST_PLACES:
        return [(0, 0, look.picture.shape[1], look.picture.shape[0])]
    return places


def _with_strokes(parts: Sequence[_Part]) -> Iterator[_Part]:
    """Those in which strokes run over and under what lies in their place, as in hardly any of the
    letters that most of them are of. To look at all in one picture takes a tenth of the time."""
    lasts = np.cumsum([len(part.ink) + 1 for part in parts]).tolist()
    firsts = [0, *lasts]
    shown = np.zeros((firsts[-1], max((part.ink.shape[1] for part in parts), default=0)), np.uint8)
    for part, first in zip(parts, firsts, strict=False):
        shown[first : first + len(part.ink), : part.ink.shape[1]] = part.ink
    level = strokes_across(shown, _LENGTH) if parts else shown
    for part, first, last in zip(parts, firsts, lasts, strict=False):
        left, top, right, bottom = (max(0, round(edge)) for edge in part.place)
        columns = level[first:last, left : right + 1]
        if cv2.hasNonZero(columns[:bottom]) and cv2.hasNonZero(columns[top:]):
            yield part


def _frames_in(part: _Part) -> Iterator[tuple[Frame, Inside]]:
    """The frames whose middle is in the place of a part, and what is in them."""
    for frame in _frames(part.ink, part.place):
        if not _has_paper_round(part.grey, frame):
            continue
        left, top, across, down = frame
        inside = part.ink[top : top + down, left : left + across]
        yield (left + part.start[0], top + part.start[1], across, down), _told(inside)


def _frames(ink: Grey, place: Area) -> Iterator[Frame]:
    """Square frames that touch nothing and whose middle is in a place."""
    both = cv2.bitwise_or(strokes_across(ink, _LENGTH), strokes_down(ink, _LENGTH))
    least, most = (side * HEIGHT for side in _SIDES)
    for outline in outlines_of(both):
        left, top, across, down = cv2.boundingRect(outline)
        if min(across, down) < least or max(across, down) > most:
            continue
        if not place[0] <= left + across / 2 <= place[2]:
            continue
        if not place[1] <= top + down / 2 <= place[3]:
            continue
        whole = max(across, down)
        x, y, across, down = _trimmed(ink[top : top + down, left : left + across])
        left, top = left + x, top + y
        if min(across, down) < max(least, _SQUARE * whole):
            continue
        frame = left, top, across, down
        if _is_frame(ink[top : top + down, left : left + across]) and not _is_in_word(ink, frame):
            yield left, top, across, down


def _has_paper_round(grey: Grey, frame: Frame) -> bool:
    """Whether it is paler beside a frame than on it, as it is not on a picture of colours."""
    left, top, across, down = frame
    around = grey[max(0, top - 6) : top + down + 6, max(0, left - 6) : left + across + 6]
    x, y = left - max(0, left - 6), top - max(0, top - 6)
    place = np.ones_like(around)
    cv2.rectangle(place, (x - 2, y - 2, across + 4, down + 4), 0, cv2.FILLED)
    strokes = np.zeros_like(around)
    cv2.rectangle(strokes, (x, y, across, down), 1, 3)
    outside, on = around[place > 0], around[strokes > 0]
    if len(outside) == 0:
        return False  # it is all of the picture
    return float(np.median(outside)) - float(np.percentile(on, 20)) >= FAINT


def _trimmed(ink: Grey) -> tuple[int, int, int, int]:
    """From the first to the last stroke along each side: a tick may reach out, a bow does not."""
    (top, bottom), (left, right) = (_ends(np.ascontiguousarray(part)) for part in (ink, ink.T))
    return left, top, right - left, bottom - top


def _ends(ink: Grey) -> tuple[int, int]:
    shares = cv2.dilate(ink, THREE).mean(1)
    rows = np.flatnonzero(shares >= _MOSTLY)
    if len(rows) == 0:
        return 0, 0
    first, last = int(rows[0]), int(rows[-1])
    outside = np.concatenate((shares[: max(0, first - 1)], shares[last + 2 :]))
    if outside.max(initial=0) > _OUTSIDE:
        return 0, 0
    return first + 1, last  # thickened, it is larger by a pixel


def _is_frame(ink: Grey) -> bool:
    """Whether ink runs straight along all four sides, from corner to corner."""
    thick = max(4, round(_THICK * min(ink.shape)))
    sides = ink[:thick], ink[::-1][:thick], ink.T[:thick], ink.T[::-1][:thick]
    near = max(2, round(_CORNER * min(ink.shape)))
    corners = (
        part[:, :near] for rows in (ink[:near], ink[-near:]) for part in (rows, rows[:, ::-1])
    )
    if _is_round(ink) or not all(corner.any() for corner in corners):
        return False
    return all(
        max(float(side[row : row + 3].max(0).mean()) for row in range(thick - 2)) >= _FULL
        and float(side[-1].mean()) < _MOSTLY
        for side in sides
    )


def _is_round(ink: Grey) -> bool:
    """Whether the ink bows inwards at all corners and the middle is blank, as in an O."""
    first, last = round(0.16 * min(ink.shape)), round(0.3 * min(ink.shape)) + 1
    bows = (
        part[first:last, first:last] for rows in (ink, ink[::-1]) for part in (rows, rows[:, ::-1])
    )
    y, x = (np.s_[2 * side // 5 : 3 * side // 5 + 1] for side in ink.shape)
    return all(bow.any() for bow in bows) and not ink[y, x].any()


def _is_in_word(ink: Grey, frame: Frame) -> bool:
    """Whether letters stand close on both sides."""
    left, top, across, down = frame
    reach = round(_BESIDE * HEIGHT)
    rows = ink[top : top + down]
    before = rows[:, max(0, left - 2 - reach) : max(0, left - 2)]
    after = rows[:, left + across + 2 : left + across + 2 + reach]
    return bool(before.any() and after.any())


def _told(frame: Grey) -> Inside:
    """What the ink of a frame encloses."""
    y, x = (max(1, round(_INSIDE * side)) for side in frame.shape)
    inside = frame[y:-y, x:-x]
    if float(inside.mean()) < _MARKED:
        return "paper"
    edge = max(1, round(_THICK / 2 * min(frame.shape)))
    whole = frame[edge:-edge, edge:-edge].astype(np.int8)
    strokes = [float((np.diff(rows, axis=1) > 0).sum(1).mean()) for rows in (whole, whole.T)]
    return "hatching" if min(strokes) >= _HATCHED else "mark"
