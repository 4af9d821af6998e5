"""What a PDF page draws, in its order: texts, pictures and paths, and where they lie."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pypdfium2.raw as pdfium

Rectangle: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; or left, bottom, right, top in the page's own units."""
_Matrix: TypeAlias = tuple[float, float, float, float, float, float]

_MAX_MARKS = 50_000
_MAX_DEPTH = 5  # forms within forms
_COVER_SHARE = 0.3
"""A picture this large, of the page, can be the page: what it is drawn over is hidden."""
_IDENTITY: _Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that a page draws; `place` is in pixels and known of pictures only."""

    kind: int
    order: int
    place: Rectangle
    is_cover: bool

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture."""
        return self.kind == int(pdfium.FPDF_PAGEOBJ_IMAGE)

    @property
    def is_path(self) -> bool:
        """Whether it is a line, an area, or a letter that was made one."""
        return self.kind == int(pdfium.FPDF_PAGEOBJ_PATH)

    def hides(self, place: Rectangle, order: int) -> bool:
        """Whether this is drawn over the middle of a place that was drawn as number `order`."""
        x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        left, top, right, bottom = self.place
        return order < self.order and left <= x <= right and top <= y <= bottom


def to_pixels(page: Any, width: int, height: int) -> Callable[[Rectangle], Rectangle]:
    """What turns a rectangle of the page into one of the picture of `width` x `height` pixels.

    CropBox, /Rotate and resolution are all in it.
    """
    fine = 16  # PDFium answers in whole numbers
    points = []
    for x, y in ((0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0)):
        across, down = ctypes.c_int(), ctypes.c_int()
        size = (0, 0, width * fine, height * fine, 0)
        pdfium.FPDF_PageToDevice(page, *size, x, y, across, down)
        points.append((across.value / fine, down.value / fine))
    (x0, y0), (x1, y1), (x2, y2) = points
    a, b, c, d = (x1 - x0) / 1000, (y1 - y0) / 1000, (x2 - x0) / 1000, (y2 - y0) / 1000

    def placed(box: Rectangle) -> Rectangle:
        return _around(box, (a, b, c, d, x0, y0))

    return placed


def marks_of(page: Any, width: int, height: int) -> dict[int, Mark]:
    """What a page draws, by address; forms are opened."""
    marks: dict[int, Mark] = {}
    place_of = to_pixels(page, width, height)
    min_cover = _COVER_SHARE * width * height

    def take(drawn: Any, matrix: _Matrix, depth: int) -> None:
        kind = pdfium.FPDFPageObj_GetType(drawn)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
            inner = _times(_matrix_of(drawn), matrix)
            for index in range(pdfium.FPDFFormObj_CountObjects(drawn)):
                if len(marks) >= _MAX_MARKS:
                    return
                take(pdfium.FPDFFormObj_GetObject(drawn, index), inner, depth + 1)
            return
        is_picture = kind == pdfium.FPDF_PAGEOBJ_IMAGE
        place = place_of(_around(_bounds_of(drawn), matrix)) if is_picture else (0, 0, 0, 0)
        left, top, right, bottom = place
        is_cover = (right - left) * (bottom - top) >= min_cover if is_picture else False
        marks[ctypes.addressof(drawn.contents)] = Mark(kind, len(marks) + 1, place, is_cover)

    for index in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_MARKS)):
        take(pdfium.FPDFPage_GetObject(page, index), _IDENTITY, 0)
    return marks


def _bounds_of(drawn: Any) -> Rectangle:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
        return 0.0, 0.0, 0.0, 0.0
    return left.value, bottom.value, right.value, top.value


def _matrix_of(drawn: Any) -> _Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(drawn, found):
        return _IDENTITY
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(one: _Matrix, other: _Matrix) -> _Matrix:
    """First `one`, then `other`."""
    a, b, c, d, e, f = one
    A, B, C, D, E, F = other
    return (
        a * A + b * C,
        a * B + b * D,
        c * A + d * C,
        c * B + d * D,
        e * A + f * C + E,
        e * B + f * D + F,
    )


def _around(box: Rectangle, matrix: _Matrix) -> Rectangle:
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)
