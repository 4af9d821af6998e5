"""Name what looks like text on a page and gave none, so that nothing goes missing unsaid."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from shared.result import Barcode, PageWarning
from worker.ocr.detection.crops import crop
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layout.pieces import Piece, Quad, as_box

_FAINT = 24
"""Grey levels: what differs less has no ink."""
_DETAIL = "Here is what looks like text, and could not be read."


def unread(
    sheet: Sheet, pieces: Sequence[Piece], barcodes: Sequence[Barcode]
) -> tuple[PageWarning, ...]:
    """The regions of a sheet with a high score and ink in which none of these stands."""
    if len(sheet.likely) == 0:
        return ()
    centres = [np.mean(word.box, axis=0) for piece in pieces for word in piece.words]
    points = np.array(centres, np.float32).reshape(-1, 2)
    areas = [np.array(barcode.box, np.float32) for barcode in barcodes]
    left_out = [
        quad
        for quad in sheet.likely
        if not _holds(quad, points) and not any(_holds(area, quad.mean(0)[None]) for area in areas)
    ]
    return tuple(
        PageWarning(code="unread", detail=_DETAIL, box=as_box(quad))
        for quad in left_out
        if _has_ink(sheet, quad)
    )


def _holds(quad: Quad, points: Quad) -> bool:
    """Whether one of the points (N, 2) lies in a quad."""
    sides = np.roll(quad, -1, axis=0) - quad
    away = points[:, None] - quad
    turns = sides[:, 0] * away[..., 1] - sides[:, 1] * away[..., 0]
    return bool((turns >= 0).all(1).any())


def _has_ink(sheet: Sheet, quad: Quad) -> bool:
    grey = cv2.cvtColor(crop(sheet.picture, quad), cv2.COLOR_RGB2GRAY)
    return int(grey.max()) - int(grey.min()) >= _FAINT
