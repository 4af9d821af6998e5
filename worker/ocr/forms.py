"""What a form has to be filled in: its check boxes, and its combs for numbers and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from worker.ocr.checkboxes import (
    CheckBox,
    find_check_boxes,
    pieces_of_boxes,
    read_check_boxes,
    without_check_boxes,
)
from worker.ocr.combs import Comb, find_combs
from worker.ocr.detection.boxes import spans
from worker.ocr.detection.crops import crop
from worker.ocr.detection.sheet import Sheet
from worker.ocr.frames import find_frames
from worker.ocr.layout.pieces import Piece, Quad, part_of
from worker.ocr.outlines import Look
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import confidence_of
from worker.ocr.recognition.lines import Picture

_SURE = 0.7
"""Less sure, a comb may have been filled in by hand, and is read as the rest of the page is."""


@dataclass(frozen=True, slots=True)
class Form:
    """The check boxes and combs of a page, with what they say."""

    boxes: list[CheckBox]
    combs: list[tuple[Comb, list[Piece]]]

    def cleared(self, sheet: Sheet) -> Sheet:
        """The sheet with paper in their places."""
        sheet = _without_combs(sheet, [comb for comb, _ in self.combs])
        return without_check_boxes(sheet, self.boxes)

    def pieces(self, sheet: Sheet, cleared: Sheet) -> list[Piece]:
        """What they say on a sheet, which may have been turned since it was cleared."""
        pieces = pieces_of_boxes(self.boxes, sheet, cleared)
        if sheet.rotation == cleared.rotation:
            pieces += [piece for _, own in self.combs for piece in own]
        return pieces


def read_form(client: BatchClient, sheet: Sheet) -> Form:
    """The check boxes and combs of a sheet."""
    look = Look.of(sheet)
    if look is None:
        return Form([], [])
    combs = _read_combs(client, sheet.picture, find_combs(look, sheet.picture))
    boxes = [
        box
        for box in find_check_boxes(find_frames(look), look.scale)
        if not any(comb.is_around(box.quad.mean(0)) for comb, _ in combs)
    ]
    return Form(read_check_boxes(client, sheet, boxes), combs)


def _read_combs(
    client: BatchClient, picture: Picture, combs: Sequence[Comb]
) -> list[tuple[Comb, list[Piece]]]:
    """The combs with what they say; those of which that is not sure are left out."""
    filled = [comb for comb in combs if any(comb.letters)]
    lines = client.words([comb.line(picture) for comb in filled]) if filled else []
    read = [
        (comb, comb.pieces(words))
        for comb, words in zip(filled, lines, strict=True)
        if confidence_of(words) >= _SURE and comb.holds(words)
    ]
    return [*((comb, []) for comb in combs if not any(comb.letters)), *read]


def _without_combs(sheet: Sheet, combs: Sequence[Comb]) -> Sheet:
    """The sheet with paper in the place of combs, and what is left of its lines beside them."""
    if not combs:
        return sheet
    picture = sheet.picture.copy()
    quads = list(sheet.quads)
    for comb in combs:
        row = crop(picture, comb.quad)
        ground = np.percentile(row.reshape(-1, 3), 80, axis=0)
        cv2.fillPoly(picture, [np.round(comb.quad).astype(np.int32)], ground.tolist())
        cv2.polylines(picture, [np.round(comb.quad).astype(np.int32)], True, ground.tolist(), 5)
        quads = [part for quad in quads for part in _beside(quad, comb.quad)]
    return replace(sheet, picture=picture, quads=np.array(quads, np.float32).reshape(-1, 4, 2))


def _beside(quad: Quad, comb: Quad) -> list[Quad]:
    """What of a line lies beside a comb."""
    along, down = comb[1] - comb[0], comb[3] - comb[0]
    ends = np.array(((quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2)) - comb[0]
    across = float(ends.mean(0) @ down / (down @ down))
    first, last = (ends @ along / (along @ along)).tolist()
    if not 0 <= across <= 1 or last <= 0 or first >= 1 or last <= first:
        return [quad]
    (length,), (height,) = spans(quad[None])
    shares = (0.0, -first / (last - first)), ((1 - first) / (last - first), 1.0)
    least = float(height / length) / 2
    return [part_of(quad, start, end) for start, end in shares if end - start > least]
