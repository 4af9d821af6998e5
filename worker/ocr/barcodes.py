"""Barcodes and QR codes of a page: what they say, and where they are."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import zxingcpp
from zxingcpp import BarcodeFormat as Format
from zxingcpp import BarcodeFormats

from shared.result import Barcode
from worker.ocr.layout.pieces import Piece, Quad, as_box
from worker.ocr.recognition.lines import Picture

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


def find_barcodes(picture: Picture) -> tuple[Barcode, ...]:
    """The barcodes of an RGB picture (H, W, 3), from top to bottom."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = min(1.0, _SIDE / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    found = [
        (_quad(barcode.position) / scale, barcode)
        for barcode in zxingcpp.read_barcodes(
            np.ascontiguousarray(grey), _FORMATS, try_invert=False
        )
    ]
    found.sort(key=lambda pair: float(pair[0][:, 1].min()))
    return tuple(
        Barcode(format=Format(barcode.format).name, value=barcode.text, box=as_box(quad))
        for quad, barcode in found
    )


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
