"""Name what looks like text on a page and gave none, so that nothing goes missing unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.result import Barcode, PageWarning
from worker.ocr.detection.crops import crop
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layout.pieces import Piece, Quad, as_box

_FAINT = 24
"""Grey levels: what differs less has no ink."""
_NEXT = [1, 2, 3, 0]
"""The corner after each of a quad's."""
_DETAIL = "Here is what looks like text, and could not be read."


def unread(
    sheet: Sheet, pieces: Sequence[Piece], barcodes: Sequence[Barcode]
) -> tuple[PageWarning, ...]:
    """The regions of a sheet with a high score and ink in which none of these stands."""
    if len(sheet.likely) == 0:
        return ()
    words = chain.from_iterable(piece.words for piece in pieces)
    corners = chain.from_iterable(chain.from_iterable(word.box for word in words))
    # An array of all their tuples takes twice as long to be made.
    centres = np.fromiter(corners, np.float32).reshape(-1, 4, 2).mean(1)
    is_known = _holds(sheet.likely, centres).any(1)
    if barcodes:
        areas = np.array([barcode.box for barcode in barcodes], np.float32)
        is_known |= _holds(areas, sheet.likely.mean(1)).any(0)
    return tuple(
        PageWarning(code="unread", detail=_DETAIL, box=as_box(quad))
        for quad in sheet.likely[~is_known]
        if _has_ink(sheet, quad)
    )


def _holds(quads: Quad, points: Quad) -> NDArray[np.bool_]:
    """Whether each of the quads (N, 4, 2) holds each of the points (M, 2): (N, M)."""
    x, y = quads.astype(np.float64).transpose(2, 1, 0)[..., None]  # (4, N, 1)
    across, down = x[_NEXT] - x, y[_NEXT] - y
    # To the left or the right of a side, times its length: one product of matrices for all.
    lines = np.concatenate((-down, across, down * x - across * y), axis=2)
    seen = np.column_stack((points, np.ones(len(points)))).T
    return np.asarray((lines @ seen >= 0).all(0), bool)


def _has_ink(sheet: Sheet, quad: Quad) -> bool:
    grey = cv2.cvtColor(crop(sheet.picture, quad), cv2.COLOR_RGB2GRAY)
    return int(grey.max()) - int(grey.min()) >= _FAINT
