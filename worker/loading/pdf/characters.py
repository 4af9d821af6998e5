"""The characters of a PDF page as PDFium finds them, each with its place on the rendered page."""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

from worker.loading.pdf.marks import Mark, Rectangle, to_pixels

_INVISIBLE_MODES = frozenset({3, 7})  # text rendering modes (PDF 1.7, table 106)
_TURNED_DEGREES = 10.0
_MIN_HEIGHT = 2.0  # pixels; what is lower cannot be read by anybody
_HYPHENS = frozenset({0x02, 0xAD, 0xFFFE})  # what PDFium makes of a hyphen at the end of a line
_BULLETS = frozenset({0xF0B7, 0xF0A7, 0xF0D8, 0xF06E, 0xF0FC, 0xF076})
"""Bullets of Symbol and Wingdings, whose letters programs put into the private use area."""
_UNASSIGNED = frozenset({"Cc", "Cn", "Co", "Cs"})


@dataclass(frozen=True, slots=True)
class Character:
    """A character; `text` is empty where PDFium put a space or a line's end in."""

    text: str
    place: Rectangle
    is_visible: bool
    is_sound: bool
    is_turned: bool


def characters(
    text_page: Any, page: Any, width: int, height: int, rotate: int, marks: dict[int, Mark]
) -> Iterator[Character]:
    """The characters in the order of the file; `width` and `height` are those of the rendered page.

    `marks` says when each text object is drawn, and what is drawn over it.
    """
    place_of = to_pixels(page, width, height)
    covers = [mark for mark in marks.values() if mark.is_cover]
    looks: dict[int, tuple[bool, int]] = {}
    pending = ""
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        if 0xD800 <= code < 0xDC00:
            pending = chr(code)
            continue
        text, pending = _text(pending, code), ""
        if pdfium.FPDFText_IsGenerated(text_page, index) and code not in _HYPHENS:
            yield Character("", (0, 0, 0, 0), True, True, False)
            continue
        drawn = pdfium.FPDFText_GetTextObject(text_page, index)
        address = ctypes.addressof(drawn.contents) if drawn else 0
        if address not in looks:
            order = marks[address].order if address in marks else 0
            looks[address] = (bool(drawn) and _is_drawn(drawn), order)
        is_drawn, order = looks[address]
        place = place_of(_loose_box(text_page, index))
        yield Character(
            text,
            place,
            is_drawn
            and place[3] - place[1] >= _MIN_HEIGHT
            and not any(cover.hides(place, order) for cover in covers),
            not _is_bad(text) and not pdfium.FPDFText_HasUnicodeMapError(text_page, index),
            _is_turned(pdfium.FPDFText_GetCharAngle(text_page, index), rotate),
        )


def _text(high: str, code: int) -> str:
    if high:
        pair = high + chr(code)
        return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if code in _HYPHENS:
        return "-"
    if code in _BULLETS:
        return "•"
    if 0xFB00 <= code <= 0xFB06:  # ligatures of Latin letters
        return unicodedata.normalize("NFKC", chr(code))
    return chr(code)


def _is_bad(text: str) -> bool:
    return any(
        c == "\ufffd" or (unicodedata.category(c) in _UNASSIGNED and not c.isspace()) for c in text
    )


def _is_drawn(text_object: Any) -> bool:
    if pdfium.FPDFTextObj_GetTextRenderMode(text_object) in _INVISIBLE_MODES:
        return False
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = pdfium.FPDFPageObj_GetFillColor(text_object, red, green, blue, alpha)
    return not known or alpha.value > 0


def _is_turned(radians: float, rotate: int) -> bool:
    """Whether a character does not stand upright on the page as it is shown."""
    degrees = (radians * 57.29578 + rotate) % 360
    return min(degrees, 360 - degrees) > _TURNED_DEGREES


def _loose_box(text_page: Any, index: int) -> Rectangle:
    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text_page, index, box):
        return 0.0, 0.0, 0.0, 0.0
    return box.left, box.bottom, box.right, box.top
