"""Check boxes: small squares of four straight strokes, empty or with something in them.

The recogniser would read them as letters (D, Z, O), so they are taken off the picture before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.result import Word
from worker.ocr.detection.boxes import spans
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layout.pieces import Piece, as_box
from worker.ocr.recognition.lines import Picture

EMPTY, TICKED = "☐", "☑"

_HEIGHT = 40
"""Pixels of a text line's box where boxes are looked for."""
_FAINT = 18
"""Grey levels by which a stroke is darker than what is round it."""
# In heights of a line.
_STROKE = 0.4
"""How long a straight stroke is at least: those of ticks and crosses are aslant."""
_SIDES = 0.45, 1.5
"""The sides of a frame."""
_NEXT = 0.7
"""What is nearer to another one stands in a row of places for single letters."""
_BESIDE = 0.15
"""How near the letters of a word are to each other."""
_REACH = 0.35
"""How far a tick may reach out of its box."""
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
_SURE = 0.9
_THREE = np.ones((3, 1), np.uint8)


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A square on a page, in its pixels: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float
    is_ticked: bool

    @property
    def quad(self) -> NDArray[np.float32]:
        """Its corners (4, 2)."""
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        return np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float32)


def find_check_boxes(sheet: Sheet) -> list[CheckBox]:
    """The check boxes of a sheet with lines, by whose height they are known."""
    if len(sheet.quads) == 0:
        return []
    scale = min(2.0, _HEIGHT / max(1.0, float(np.median(spans(sheet.quads)[1]))))
    height, width = sheet.picture.shape[:2]
    grey = cv2.cvtColor(sheet.picture, cv2.COLOR_RGB2GRAY)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.resize(grey, size, interpolation=how).astype(np.uint8, copy=False)
    ground = cv2.blur(grey, (3 * _HEIGHT, 3 * _HEIGHT))
    ink = (cv2.subtract(ground, grey) > _FAINT).astype(np.uint8)
    frames = sorted(_frames(ink))
    alone = [frame for frame in frames if not any(_are_next(frame, other) for other in frames)]
    return [
        CheckBox(
            left / scale,
            top / scale,
            (left + across) / scale,
            (top + down) / scale,
            _is_marked(ink[top : top + down, left : left + across]),
        )
        for left, top, across, down in alone
    ]


def without_check_boxes(sheet: Sheet, boxes: list[CheckBox]) -> Sheet:
    """The sheet with paper in the place of boxes and their ticks."""
    if not boxes:
        return sheet
    picture = sheet.picture.copy()
    for box in boxes:
        _clear(picture, box)
    return replace(sheet, picture=picture)


def pieces_of_boxes(boxes: list[CheckBox], sheet: Sheet, cleared: Sheet) -> list[Piece]:
    """What the boxes, found on `cleared`, say on the sheet, which may have been turned since."""
    quads = np.array([box.quad for box in boxes], np.float32).reshape(-1, 4, 2)
    if sheet.rotation != cleared.rotation:
        quads = cleared.with_quads(quads).turned_round().quads
    return [
        Piece(
            quad,
            (Word(text=TICKED if box.is_ticked else EMPTY, confidence=_SURE, box=as_box(quad)),),
        )
        for box, quad in zip(boxes, quads, strict=True)
    ]


def _frames(ink: NDArray[np.uint8]) -> Iterator[tuple[int, int, int, int]]:
    """Square frames that touch nothing: left, top, length, height."""
    length = round(_STROKE * _HEIGHT)
    strokes: NDArray[np.uint8] = _across(ink, length) | _across(ink.T, length).T
    outlines, _ = cv2.findContours(strokes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    least, most = (side * _HEIGHT for side in _SIDES)
    for outline in outlines:
        left, top, across, down = cv2.boundingRect(outline)
        if min(across, down) < least or max(across, down) > most:
            continue
        whole = max(across, down)
        x, y, across, down = _trimmed(ink[top : top + down, left : left + across])
        left, top = left + x, top + y
        if min(across, down) < max(least, _SQUARE * whole):
            continue
        frame = left, top, across, down
        if _is_frame(ink[top : top + down, left : left + across]) and not _is_in_word(ink, frame):
            yield left, top, across, down


def _trimmed(ink: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """From the first to the last stroke along each side: a tick may reach out, a bow does not."""
    (top, bottom), (left, right) = (_ends(np.ascontiguousarray(part)) for part in (ink, ink.T))
    return left, top, right - left, bottom - top


def _ends(ink: NDArray[np.uint8]) -> tuple[int, int]:
    shares = cv2.dilate(ink, _THREE).mean(1)
    rows = np.flatnonzero(shares >= _MOSTLY)
    if len(rows) == 0:
        return 0, 0
    first, last = int(rows[0]), int(rows[-1])
    outside = np.concatenate((shares[: max(0, first - 1)], shares[last + 2 :]))
    if outside.max(initial=0) > _OUTSIDE:
        return 0, 0
    return first + 1, last  # thickened, it is larger by a pixel


def _is_frame(ink: NDArray[np.uint8]) -> bool:
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


def _is_round(ink: NDArray[np.uint8]) -> bool:
    """Whether the ink bows inwards at all corners and the middle is blank, as in an O."""
    first, last = round(0.16 * min(ink.shape)), round(0.3 * min(ink.shape)) + 1
    bows = (
        part[first:last, first:last] for rows in (ink, ink[::-1]) for part in (rows, rows[:, ::-1])
    )
    y, x = (np.s_[2 * side // 5 : 3 * side // 5 + 1] for side in ink.shape)
    return all(bow.any() for bow in bows) and not ink[y, x].any()


def _is_in_word(ink: NDArray[np.uint8], frame: tuple[int, int, int, int]) -> bool:
    """Whether letters stand close on both sides."""
    left, top, across, down = frame
    reach = round(_BESIDE * _HEIGHT)
    rows = ink[top : top + down]
    before = rows[:, max(0, left - 2 - reach) : max(0, left - 2)]
    after = rows[:, left + across + 2 : left + across + 2 + reach]
    return bool(before.any() and after.any())


def _across(ink: NDArray[np.uint8], length: int) -> NDArray[np.uint8]:
    """The strokes that run across, those a little aslant, too."""
    whole = cv2.dilate(np.ascontiguousarray(ink), _THREE)
    return np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)))


def _are_next(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    if one == other or abs(one[1] - other[1]) > one[3] / 2:
        return False
    gap = max(one[0], other[0]) - min(one[0] + one[2], other[0] + other[2])
    return gap < _NEXT * _HEIGHT


def _is_marked(inside: NDArray[np.uint8]) -> bool:
    y, x = (max(1, round(_INSIDE * side)) for side in inside.shape)
    return float(inside[y:-y, x:-x].mean()) >= _MARKED


def _clear(picture: Picture, box: CheckBox) -> None:
    height, width = picture.shape[:2]
    side = box.bottom - box.top
    edge = 0.05 * side + 1
    reach = _REACH * side if box.is_ticked else edge
    left, right = max(0, round(box.left - edge)), min(width, round(box.right + edge) + 1)
    top, bottom = max(0, round(box.top - reach)), min(height, round(box.bottom + edge) + 1)
    part = picture[top:bottom, left:right]
    part[:] = np.percentile(part.reshape(-1, 3), 80, axis=0).astype(np.uint8)
