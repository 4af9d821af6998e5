"""Check boxes: small squares of four straight strokes, empty or with something in them.

The recogniser would read them as letters (D, Z, O), so they are taken off the picture before. A
letter or a digit may stand in one, too, as where a form asks for a number: then that is its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.result import Word
from worker.ocr.detection.sheet import Sheet
from worker.ocr.frames import Frame, Inside
from worker.ocr.layout.pieces import Piece, as_box
from worker.ocr.outlines import HEIGHT
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.lines import Picture

EMPTY, TICKED = "☐", "☑"

# In heights of a line.
_NEXT = 0.7
"""What is nearer to another one stands in a row of places for single letters."""
_REACH = 0.35
"""How far a tick may reach out of its box."""
_SURE = 0.9
_FRAME = 0.1
"""Of a side: how far in its inside begins."""
_SIGN_SURE = 0.85
"""From this confidence on it is a sign, and no mark: pens and ticks come out under 0.7."""
_MARKS = frozenset("xXvV")
"""What crosses and ticks look like, however sure it is."""


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A square on a page, in its pixels: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float
    is_ticked: bool
    sign: Span | None = None
    """A letter or a digit that stands in it in the place of a mark."""
    is_hatched: bool = False
    """It is part of a drawing, and says nothing."""

    @property
    def quad(self) -> NDArray[np.float32]:
        """Its corners (4, 2)."""
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        return np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float32)

    @property
    def inside(self) -> NDArray[np.float32]:
        """The corners (4, 2) of what its strokes enclose."""
        middle = self.quad.mean(0)
        return np.asarray(middle + (1 - 2 * _FRAME) * (self.quad - middle), np.float32)

    def word(self, quad: NDArray[np.float32]) -> Word:
        """What it says; the corners (4, 2) are those of the page as it is read."""
        if self.sign:
            return Word(text=self.sign.text, confidence=self.sign.chance, box=as_box(quad))
        text = TICKED if self.is_ticked else EMPTY
        return Word(text=text, confidence=_SURE, box=as_box(quad))


def read_check_boxes(client: BatchClient, sheet: Sheet, boxes: list[CheckBox]) -> list[CheckBox]:
    """The check boxes of a sheet, each with the sign that stands in it, if one does."""
    marked = [box for box in boxes if box.is_ticked]
    if not marked:
        return boxes
    insides = replace(sheet, quads=np.array([box.inside for box in marked]))
    read = dict(zip(marked, client.words(insides.crops()), strict=True))
    return [replace(box, sign=_sign(read.get(box, ()))) for box in boxes]


def _sign(words: Sequence[Span]) -> Span | None:
    """What was read in a box, if that is one letter or digit for sure."""
    if len(words) != 1 or len(words[0].text) != 1 or words[0].confidence < _SIGN_SURE:
        return None
    text = words[0].text
    return words[0] if text.isalnum() and text not in _MARKS else None


def find_check_boxes(frames: list[tuple[Frame, Inside]], scale: float) -> list[CheckBox]:
    """Those of the frames of a page that are check boxes; `scale` is from the page to them."""
    return [
        CheckBox(
            frame[0] / scale,
            frame[1] / scale,
            (frame[0] + frame[2]) / scale,
            (frame[1] + frame[3]) / scale,
            inside == "mark",
            is_hatched=inside == "hatching",
        )
        for frame, inside in frames
        if not any(_are_next(frame, other) for other, _ in frames)
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
    boxes = [box for box in boxes if not box.is_hatched]
    quads = np.array([box.quad for box in boxes], np.float32).reshape(-1, 4, 2)
    if sheet.rotation != cleared.rotation:
        quads = cleared.with_quads(quads).turned_round().quads
    return [Piece(quad, (box.word(quad),)) for box, quad in zip(boxes, quads, strict=True)]


def _are_next(one: Frame, other: Frame) -> bool:
    if one == other or abs(one[1] - other[1]) > one[3] / 2:
        return False
    gap = max(one[0], other[0]) - min(one[0] + one[2], other[0] + other[2])
    return gap < _NEXT * HEIGHT


def _clear(picture: Picture, box: CheckBox) -> None:
    height, width = picture.shape[:2]
    side = box.bottom - box.top
    edge = 0.05 * side + 1
    reach = _REACH * side if box.is_ticked else edge
    left, right = max(0, round(box.left - edge)), min(width, round(box.right + edge) + 1)
    top, bottom = max(0, round(box.top - reach)), min(height, round(box.bottom + edge) + 1)
    part = picture[top:bottom, left:right]
    part[:] = np.percentile(part.reshape(-1, 3), 80, axis=0).astype(np.uint8)
