"""The characters that a PDF page draws as text, each with its place on the rendered page."""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import pypdfium2.raw as pdfium

from worker.ocr.layer.words import SOFT_HYPHEN

Rectangle: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; or left, bottom, right, top in the page's own units."""

UNKNOWN = "\ufffd"
"""Stands for a letter that the file gives no meaning."""
_INVISIBLE_MODES = frozenset({3, 7})  # text rendering modes (PDF 1.7, table 106)
_TURNED_DEGREES = 10.0
_MIN_HEIGHT = 2.0  # pixels; what is lower cannot be read by anybody
_HYPHENS = frozenset({0x02, 0xFFFE})  # what PDFium makes of a hyphen at the end of a line
_BULLETS = frozenset({0xF0B7, 0xF0A7, 0xF0D8, 0xF06E, 0xF0FC, 0xF076})
"""Bullets of Symbol and Wingdings, whose letters programs put into the private use area."""
_UNASSIGNED = frozenset({"Cc", "Cn", "Co", "Cs"})


@dataclass(frozen=True, slots=True)
class Character:
    """A character of the font of some number; `text` is empty where a word ends.

    `line` is how far down it stands: boxes of some fonts end with the ink, below the line or not.
    """

    text: str
    place: Rectangle = (0.0, 0.0, 0.0, 0.0)
    line: float = 0.0
    font: int = 0
    is_turned: bool = False


_END = Character("")


def characters(
    text_page: Any, page: Any, width: int, height: int, rotate: int
) -> Iterator[Character]:
    """The characters in the order of the file; `width` and `height` are those of the rendered page.

    Those that are drawn invisibly, or beside the page, are left out.
    """
    place_of = to_pixels(page, width, height)
    fonts: dict[int, int] = {}
    looks: dict[int, int | None] = {}
    pending = ""
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        if 0xD800 <= code < 0xDC00:
            pending = chr(code)
            continue
        text, pending = _text(pending, code), ""
        is_hyphen = code in _HYPHENS or text == SOFT_HYPHEN
        is_made_up = pdfium.FPDFText_IsGenerated(text_page, index) and not is_hyphen
        if is_made_up or unicodedata.category(text[0]) == "Zs":
            # Some fonts give their space no size, but it is one.
            yield _END
            continue
        drawn = pdfium.FPDFText_GetTextObject(text_page, index)
        address = ctypes.addressof(drawn.contents) if drawn else 0
        if address not in looks:
            looks[address] = _look(drawn, fonts) if drawn else None
        font, place = looks[address], place_of(_loose_box(text_page, index))
        if font is None or not _is_on(place, width, height):
            continue
        if _is_bad(text) or pdfium.FPDFText_HasUnicodeMapError(text_page, index):
            text = UNKNOWN
        angle = pdfium.FPDFText_GetCharAngle(text_page, index)
        line = place_of(_origin(text_page, index))[3]
        yield Character(text, place, line, font, _is_turned(angle, rotate))


def _text(high: str, code: int) -> str:
    if high:
        pair = high + chr(code)
        return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if code in _HYPHENS:
        return "-"
    if code in _BULLETS:
        return "•"
    if code > 0x10FFFF:  # what PDFium makes of codes that have no meaning
        return UNKNOWN
    if 0xFB00 <= code <= 0xFB06:  # ligatures of Latin letters
        return unicodedata.normalize("NFKC", chr(code))
    return chr(code)


def _is_bad(text: str) -> bool:
    return any(c == UNKNOWN or unicodedata.category(c) in _UNASSIGNED for c in text)


def _look(text_object: Any, fonts: dict[int, int]) -> int | None:
    """The number of a text's font; None where the text cannot be seen."""
    if pdfium.FPDFTextObj_GetTextRenderMode(text_object) in _INVISIBLE_MODES:
        return None
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = pdfium.FPDFPageObj_GetFillColor(text_object, red, green, blue, alpha)
    if known and alpha.value == 0:
        return None
    font = pdfium.FPDFTextObj_GetFont(text_object)
    return fonts.setdefault(ctypes.addressof(font.contents) if font else 0, len(fonts))


def _is_on(place: Rectangle, width: int, height: int) -> bool:
    left, top, right, bottom = place
    is_within = 0 <= (left + right) / 2 <= width and 0 <= (top + bottom) / 2 <= height
    return is_within and bottom - top >= _MIN_HEIGHT


def _is_turned(radians: float, rotate: int) -> bool:
    """Whether a character does not stand upright on the page as it is shown."""
    degrees = (radians * 57.29578 + rotate) % 360
    return min(degrees, 360 - degrees) > _TURNED_DEGREES


def _loose_box(text_page: Any, index: int) -> Rectangle:
    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text_page, index, box):
        return 0.0, 0.0, 0.0, 0.0
    return box.left, box.bottom, box.right, box.top


def _origin(text_page: Any, index: int) -> Rectangle:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
    return x.value, y.value, x.value, y.value


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
        corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs = [a * x + c * y + x0 for x, y in corners]
        ys = [b * x + d * y + y0 for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    return placed
