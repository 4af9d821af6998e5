"""Searchable PDF: the pages of the document with their text, invisible, over them.

Reads a stranger's file: call it in a process that may crash (`shared.formats.pdf_process`).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, PasswordError, Pdf, PdfError
from pikepdf import Page as PdfPage

from shared.formats.glyphless import add_font, encoded, give_meaning
from shared.formats.hidden_text import silence_text
from shared.formats.pictures import PictureUnreadable, add_picture
from shared.formats.text_layer import PageBox, text_layer
from shared.media import PDF
from shared.result import Page

_FONT_NAME = "DocchuText"
_MAX_SIDE = 14_400.0  # points; what PDF 1.7, annex C, allows


class SourceUnusable(Exception):
    """The document is too damaged for its pages to be taken over."""


def searchable_pdf(
    source: Path,
    media_type: str,
    pages: Iterable[Page],
    max_page_pixels: int,
    password: str = "",
) -> bytes:
    """The document with an invisible layer of what was read; raises SourceUnusable.

    A PDF stays as it is but for that layer, and pages that lay on their side or upside down open
    upright; pages whose own text was taken, all of it, keep it. Of a picture file the pages that
    were read become pages, upright.
    """
    if media_type != PDF:
        return _of_pictures(source.read_bytes(), media_type, pages, max_page_pixels)
    try:
        with Pdf.open(source, password=password) as pdf:
            high_bytes = {0}
            font = add_font(pdf)
            for page in pages:
                if not _keeps_its_text(page) and page.page <= len(pdf.pages):
                    _cover(pdf, pdf.pages[page.page - 1], page, font)
                    high_bytes |= _high_bytes(page)
            give_meaning(pdf, font, high_bytes)
            return _saved(pdf)
    except (PdfError, PasswordError, ValueError, TypeError, ArithmeticError) as error:
        raise SourceUnusable from error


def _keeps_its_text(page: Page) -> bool:
    return page.source == "text_layer" and not page.rotation


def _of_pictures(
    data: bytes, media_type: str, pages: Iterable[Page], max_page_pixels: int
) -> bytes:
    with Pdf.new() as pdf:
        high_bytes = {0}
        font = add_font(pdf)
        for page in pages:
            try:
                picture = add_picture(pdf, data, media_type, page.page, max_page_pixels)
            except PictureUnreadable:
                continue
            width, height = page.width, page.height
            if page.rotation in (90, 270):
                width, height = height, width
            scale = min(72 / picture.dpi, _MAX_SIDE / max(width, height))
            box = PageBox(0, 0, width * scale, height * scale, page.rotation)
            drawn = picture.drawn(box.right, box.top)
            added = Dictionary(
                Type=Name.Page,
                MediaBox=Array([0, 0, round(box.right, 3), round(box.top, 3)]),
                Rotate=page.rotation,
                Contents=pdf.make_stream(drawn + text_layer(page, box, _FONT_NAME)),
                Resources=Dictionary(
                    XObject=Dictionary(Picture=picture.image),
                    Font=Dictionary({f"/{_FONT_NAME}": font}),
                ),
            )
            pdf.pages.append(PdfPage(added))
            high_bytes |= _high_bytes(page)
        if not pdf.pages:
            raise SourceUnusable
        give_meaning(pdf, font, high_bytes)
        return _saved(pdf)


def _cover(pdf: Pdf, pdf_page: PdfPage, page: Page, font: Object) -> None:
    """Put the layer under what the page draws, where nothing that the page does can shift it."""
    silence_text(pdf, pdf_page)
    left, bottom, right, top = _shown_box(pdf_page)
    turn = (_quarter_turn(_inherited(pdf_page, "/Rotate")) + page.rotation) % 360
    if page.rotation:  # PDFium copies the words of a page that is upside down backwards
        pdf_page.obj["/Rotate"] = turn
    name = _add_resource(pdf_page, font)
    layer = text_layer(page, PageBox(left, bottom, right, top, turn), name)
    if layer:
        pdf_page.contents_add(pdf.make_stream(layer), prepend=True)


def _shown_box(page: PdfPage) -> tuple[float, float, float, float]:
    """What a reader shows of a page: the CropBox, as far as it lies on the MediaBox."""
    media = _box(_inherited(page, "/MediaBox")) or (0.0, 0.0, 612.0, 792.0)
    crop = _box(_inherited(page, "/CropBox")) or media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else media


def _quarter_turn(value: object) -> int:
    """Degrees clockwise of a /Rotate; PDFium takes what is no multiple of 90 for the next below."""
    return int(value) // 90 * 90 % 360 if isinstance(value, (int, Decimal)) else 0


def _box(value: object) -> tuple[float, float, float, float] | None:
    if not isinstance(value, Array) or len(value) != 4:
        return None
    a, b, c, d = (float(side) for side in value)
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _inherited(page: PdfPage, key: str) -> object:
    """An entry of the page or of what it hangs on (PDF 1.7, 7.7.3.4)."""
    node: Object = page.obj
    for _ in range(64):  # a tree; but a damaged file may have a loop
        if key in node:
            return node[key]
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    return None


def _add_resource(page: PdfPage, font: Object) -> str:
    """Name the font in the page's own resources, which others may share until here."""
    resources = _copied(_inherited(page, "/Resources"))
    fonts: Object = _copied(resources.get("/Font"))
    name = _FONT_NAME
    while f"/{name}" in fonts:
        name += "_"
    fonts[f"/{name}"] = font
    resources["/Font"] = fonts
    page.obj["/Resources"] = resources
    return name


def _copied(value: object) -> Object:
    return Dictionary(dict(value.items())) if isinstance(value, Dictionary) else Dictionary()


def _high_bytes(page: Page) -> set[int]:
    texts = (word.text for line in page.lines for word in (line.words or (line,)))
    return {byte for text in texts for byte in encoded(text)[::2]}


def _saved(pdf: Pdf) -> bytes:
    out = io.BytesIO()
    # A lock that its owner put on it (no printing, say) stays on it.
    is_locked = pdf.is_encrypted
    pdf.save(
        out,
        object_stream_mode=ObjectStreamMode.preserve if is_locked else ObjectStreamMode.generate,
        encryption=True if is_locked else None,
    )
    return out.getvalue()
