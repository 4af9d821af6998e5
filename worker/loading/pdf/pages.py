"""Pages of PDF files, rendered by PDFium; only ever in a child, since PDFium shares its state."""

from __future__ import annotations

import contextlib
import math
import os
import re
from itertools import islice
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from shared.errors.documents import (
    DocumentDamaged,
    DocumentEncrypted,
    DynamicForm,
    PageTooLarge,
    TooManyPages,
)
from worker.loading.limits import LoadLimits
from worker.loading.pdf.layer import read_layer
from worker.loading.pdf.user_unit import user_units
from worker.loading.pixels import Pixels
from worker.ocr.layer.words import LayerWord

_MIN_DPI = 100
"""A poster is read from afar and set in large type, so a page with too many pixels at the usual
resolution is rendered at a lower one. At 100 dpi text from 8 points on can still be read; a page
that is too large even then is refused, since what came out of it would be rubbish."""

_SMALL_PAGE_PIXELS, _USUAL_PAGE_PIXELS = 3_000_000, 4_000_000
"""A page that is smaller than an A4 page at 200 dpi may have as many pixels as that one, if it has
pictures as fine: a card at 1,200 dpi, or a photograph on a page of a few centimetres."""
_MOST_PICTURES, _MOST_NESTED = 100, 4
_CUT_SHORT = "The file has no end, so it may be cut short: what is left of this page was read."
_POINTS_PER_INCH = 72
_LOCKED = frozenset({pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY})
_TAIL_BYTES = 16 * 1024
"""Where the end mark of a PDF is looked for; servers and mail gateways put lines behind it."""


class PdfFile:
    """A PDF file that is open; raises DocumentDamaged, DocumentEncrypted or DynamicForm."""

    def __init__(self, path: str, limits: LoadLimits, password: str | None = None) -> None:
        self._limits = limits
        self._path = path
        self._password = password
        self._units: dict[int, float] | None = None
        is_whole = _has_end(path)
        self._damage = None if is_whole else _CUT_SHORT
        try:
            self._pdf: Any = _opened(path, password)
        except DocumentDamaged:
            if is_whole:
                raise
            self._mended = _with_new_end(path)
            self._pdf = _opened(self._mended, password)
        if self._pdf.get_formtype() == pdfium.FORMTYPE_XFA_FULL:
            self._pdf.close()
            raise DynamicForm  # its pages only say that another program is wanted
        with contextlib.suppress(pypdfium2.PdfiumError):
            self._pdf.init_forms()  # without it the values of form fields are not drawn

    def num_pages(self) -> int:
        """Count the pages; raises TooManyPages."""
        num_pages = len(self._pdf)
        if num_pages > self._limits.max_pages:
            raise TooManyPages(num_pages=num_pages, max_pages=self._limits.max_pages)
        return num_pages

    def load(self, page: int) -> Pixels:
        """Render a page as it is shown: CropBox, /Rotate, UserUnit, annotations, forms, on white.

        Raises DocumentDamaged and, before anything is rendered, PageTooLarge.
        """
        scale = self._scale(page)
        opened = self._opened_page(page)
        try:
            bitmap = opened.render(scale=scale, rev_byteorder=True)
        finally:
            opened.close()
        rows = memoryview(bitmap.buffer).cast("B")
        return Pixels(bitmap.height, bitmap.width, self._damage, [rows])

    def layer(self, page: int) -> list[LayerWord]:
        """What a page says of itself, in pixels of what `load` renders.

        Raises DocumentDamaged and PageTooLarge.
        """
        scale = self._scale(page)
        opened = self._opened_page(page)
        try:
            width, height = (math.ceil(side * scale) for side in opened.get_size())
            text_page = opened.get_textpage()
            try:
                return read_layer(text_page.raw, opened.raw, width, height, opened.get_rotation())
            finally:
                text_page.close()
        except pypdfium2.PdfiumError:
            raise DocumentDamaged(f"The text of page {page} cannot be taken.") from None
        finally:
            opened.close()

    def _opened_page(self, page: int) -> Any:
        try:
            return self._pdf[page - 1]
        except (pypdfium2.PdfiumError, IndexError):
            raise DocumentDamaged(f"Page {page} of the document cannot be opened.") from None

    def _scale(self, page: int) -> float:
        """Pixels per unit of a page, from its box and its unit alone."""
        try:
            width, height = self._pdf.get_page_size(page - 1)
        except (pypdfium2.PdfiumError, IndexError):
            raise DocumentDamaged(f"Page {page} of the document cannot be opened.") from None
        if not (math.isfinite(width * height) and width > 0 and height > 0):
            raise DocumentDamaged(f"Page {page} of the document has no size.")
        unit = self._unit(page)
        scale = unit * self._limits.pdf_dpi / _POINTS_PER_INCH
        if _num_pixels(width, height, scale) <= _SMALL_PAGE_PIXELS:
            most = min(_USUAL_PAGE_PIXELS, self._limits.max_page_pixels)
            return max(scale, min(self._finest(page), math.sqrt(most / (width * height)) * 0.99))
        if _num_pixels(width, height, scale) <= self._limits.max_page_pixels:
            return scale
        # Rounding up to whole pixels adds less than a row and a column.
        scale = min(scale, math.sqrt(self._limits.max_page_pixels / (width * height)))
        room = max(0.0, self._limits.max_page_pixels - (width + height) * scale - 1)
        reduced = math.sqrt(room / (width * height))
        # A large unit refuses no page that would be read without it: its letters are large, too.
        least = min(unit, 1.0) * _MIN_DPI / _POINTS_PER_INCH
        if reduced < least:
            raise PageTooLarge(
                num_pixels=_num_pixels(width, height, least),
                max_page_pixels=self._limits.max_page_pixels,
            )
        return reduced

    def _finest(self, page: int) -> float:
        """Pixels per unit of the finest picture on a page; 0 without one."""
        opened = self._opened_page(page)
        finest = 0.0
        try:
            kinds = [pdfium.FPDF_PAGEOBJ_IMAGE]
            for picture in islice(opened.get_objects(kinds, _MOST_NESTED), _MOST_PICTURES):
                left, bottom, right, top = picture.get_bounds()
                columns, rows = picture.get_px_size()
                if right > left and top > bottom:
                    finest = max(finest, min(columns / (right - left), rows / (top - bottom)))
        except pypdfium2.PdfiumError:
            pass
        finally:
            opened.close()
        return finest

    def _unit(self, page: int) -> float:
        """How many points a unit of the page has."""
        if self._units is None:
            self._units = {} if self._damage else user_units(self._path, self._password)
        return self._units.get(page, 1.0)

    def close(self) -> None:
        """Close the file."""
        self._pdf.close()


def _num_pixels(width: float, height: float, scale: float) -> int:
    return math.ceil(width * scale) * math.ceil(height * scale)


def _opened(source: str | bytes, password: str | None) -> Any:
    """Open a path, or bytes that outlive the document.

    PDFium's last error stands until the next one: it is only asked about what has just failed, and
    never, as pypdfium2 does, about a document that opened and has no pages.
    """
    key = None if password is None else password.encode()
    if isinstance(source, str):
        raw = pdfium.FPDF_LoadDocument(os.fsencode(source), key)
    else:
        raw = pdfium.FPDF_LoadMemDocument64(source, len(source), key)
    if not raw:
        is_locked = pdfium.FPDF_GetLastError() in _LOCKED
        if is_locked and key:
            raise DocumentEncrypted("The password does not open the document.")
        raise DocumentEncrypted if is_locked else DocumentDamaged
    pdf = pypdfium2.PdfDocument(raw)
    if len(pdf) < 1:
        pdf.close()
        raise DocumentDamaged("The document has no pages.")
    return pdf


def _has_end(path: str) -> bool:
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        return b"%%EOF" in file.read()


def _with_new_end(path: str) -> bytes:
    """The bytes of a file that was cut short, with an end that names its catalogue.

    PDFium finds lost objects by itself, but not where the tree of pages starts.
    """
    with open(path, "rb") as file:
        content = file.read()
    # An object that was begun would swallow the new end.
    whole = content[: content.rfind(b"endobj") + len(b"endobj")]
    catalogue = whole.rfind(b"obj", 0, max(0, whole.rfind(b"/Catalog")))
    number = re.search(rb"(\d+)\s+(\d+)\s+\Z", whole[max(0, catalogue - 24) : catalogue])
    if catalogue < 0 or number is None:
        raise DocumentDamaged
    return whole + b"\ntrailer\n<< /Root %s %s R >>\nstartxref\n0\n%%%%EOF\n" % number.groups()
