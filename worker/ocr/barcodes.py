"""Barcodes and QR codes of a page: what they say, and where they are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat as Format
from zxingcpp import BarcodeFormats

from shared.result import Barcode
from worker.ocr.detection.connected import connected
from worker.ocr.detection.scaling import LINE, grey_of
from worker.ocr.detection.sheet import Sheet
from worker.ocr.layout.pieces import Piece, Quad, as_box

_SIDE = 2400
"""Pixels of the longer side of the picture in which they are looked for."""
_FORMATS = BarcodeFormats(
    (
        Format.QRCode,
        Format.MicroQRCode,
        Format.DataMatrix,
        Format.Aztec,
        Format.PDF417,
        Format.Code128,
        Format.Code39,
        Format.Code93,
        Format.EAN13,
        Format.EAN8,
        Format.UPCA,
        Format.ITF14,
    )
)
"""Those with a checksum or a frame of their own: print is hardly ever taken for one of them."""
_FAINT = 40
"""Grey levels by which bars are darker than the paper."""
_DENSE = 64
"""Of 255: the share of bars and what lies between them. Of print that is not read, of stamps and
of drawings, what is as dense is looked at, too."""
_ROOM = 1
"""In heights of a line: the ground that is shown round a place."""
_SURE = 0.7
_LEAST_LETTERS = 3
_STROKES = frozenset("Iil1|!/\\[](){}-–—_.,:;'\"=HMNUW ")
"""What bars are read as."""

Area = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels of the page."""


def find_barcodes(sheet: Sheet, pieces: Sequence[Piece] = ()) -> tuple[Barcode, ...]:
    """The barcodes of a sheet with these texts, from top to bottom."""
    found = [
        (quad + np.array((left, top), np.float32), barcode)
        for left, top, right, bottom in _places(sheet, pieces)
        for quad, barcode in _read(grey_of(sheet.picture[top:bottom, left:right]))
    ]
    found.sort(key=lambda pair: float(pair[0][:, 1].min()))
    return tuple(
        Barcode(format=Format(barcode.format).name, value=barcode.text, box=as_box(quad))
        for quad, barcode in found
    )


def _read(grey: NDArray[np.uint8]) -> list[tuple[Quad, zxingcpp.Barcode]]:
    height, width = grey.shape
    scale = min(1.0, _SIDE / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    found = zxingcpp.read_barcodes(np.ascontiguousarray(grey), _FORMATS, try_invert=False)
    return [(_quad(barcode.position) / scale, barcode) for barcode in found]


def _places(sheet: Sheet, pieces: Sequence[Piece]) -> list[Area]:
    """Where there is dense ink that is not in what was read, with some ground round it: a look at
    a smaller picture. To look for every kind of code costs as much as all else of a page."""
    height, width = sheet.picture.shape[:2]
    page = 0, 0, width, height
    if not pieces:
        return [page]
    small, scale = sheet.small.grey, sheet.small.scale
    # The paper between the bars is near, however they lie: their own mean is no paper.
    paper = cv2.dilate(small, np.ones((LINE // 2, LINE // 2), np.uint8))
    _, ink = cv2.threshold(cv2.subtract(paper, small), _FAINT, 255, cv2.THRESH_BINARY)
    quads = np.round(np.stack([piece.quad for piece in pieces]) * scale).astype(np.int32)
    for piece, quad in zip(pieces, quads, strict=True):
        if _is_text(piece):
            cv2.fillConvexPoly(ink, quad, 0)
    if cv2.countNonZero(ink) <= _DENSE / 255 * LINE**2 / 4:  # too little, even mirrored in a corner
        return []
    dense = cv2.threshold(cv2.blur(ink, (LINE, LINE)), _DENSE, 1, cv2.THRESH_BINARY)[1]
    if not cv2.hasNonZero(dense):
        return []
    joined = cv2.dilate(dense, np.ones((2 * LINE, 2 * LINE), np.uint8))
    _, boxes = connected(np.asarray(joined, np.uint8))
    places = [_grown(box, scale, page) for box in boxes]
    looked_at = sum((right - left) * (bottom - top) for left, top, right, bottom in places)
    return [page] if looked_at > height * width / 2 else places


def _grown(box: NDArray[np.intp], scale: float, page: Area) -> Area:
    left, top, across, down = box.tolist()
    room = _ROOM * LINE
    edges = (left - room, top - room, left + across + room, top + down + room)
    left, top, right, bottom = (round(edge / scale) for edge in edges)
    return max(0, left), max(0, top), min(page[2], right), min(page[3], bottom)


def _is_text(piece: Piece) -> bool:
    """Whether a piece is text for sure: bars are read as letters of upright strokes."""
    sure = sum(word.confidence for word in piece.words) >= _SURE * len(piece.words)
    return sure and len(set(piece.text) - _STROKES) >= _LEAST_LETTERS


def _quad(position: zxingcpp.Position) -> Quad:
    corners = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    return np.array([(point.x, point.y) for point in corners], np.float32)


def beside(barcodes: Sequence[Barcode], pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces of text without those that a barcode was taken for."""
    areas = [np.array(barcode.box, np.float32) for barcode in barcodes]
    return [
        piece
        for piece in pieces
        if not any(cv2.pointPolygonTest(area, _middle(piece.quad), False) > 0 for area in areas)
    ]


def _middle(quad: Quad) -> tuple[float, float]:
    x, y = quad.mean(0)
    return float(x), float(y)
