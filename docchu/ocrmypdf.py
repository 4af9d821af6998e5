"""Docchu as the engine of OCRmyPDF: `ocrmypdf --plugin docchu.ocrmypdf -l vie in.pdf out.pdf`.

The service is that of DOCCHU_URL and DOCCHU_API_KEY, as for the `docchu` command. Tesseract need
not be installed.
"""

from __future__ import annotations

import os
from collections.abc import Set
from pathlib import Path
from typing import Any

import pluggy
from ocrmypdf import hookimpl
from ocrmypdf.exceptions import BadArgsError, ExitCodeException
from ocrmypdf.models.ocr_element import BoundingBox, OcrClass, OcrElement
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence
from PIL import Image

from docchu.boxes import Box
from docchu.client import DEFAULT_URL, Docchu
from docchu.errors import DocchuError
from docchu.jobs import Job
from docchu.result import Line, Page, Result, Word

_TESSERACT = "ocrmypdf.builtin_plugins.tesseract_ocr"
_LANGUAGES = frozenset({"vie", "eng"})
_TTL_S = 600  # a page's job is nobody's to come back for


class PageNotRead(ExitCodeException):
    """The service could not read a page."""


class DocchuEngine(OcrEngine):
    """Reads page by page; OCRmyPDF asks for several at once."""

    @staticmethod
    def version() -> str:
        """Of the protocol, since the service may be any."""
        return "1"

    @staticmethod
    def creator_tag(options: Any) -> str:
        """What stands in the PDF's metadata."""
        return "Docchu"

    def __str__(self) -> str:
        return "Docchu"

    @staticmethod
    def languages(options: Any) -> Set[str]:
        """What is read; nothing has to be chosen from it."""
        return _LANGUAGES

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        """Nothing is known before a page is read, which turns it by itself."""
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def supports_generate_ocr() -> bool:
        """It gives words and places as they are."""
        return True

    @staticmethod
    def generate_ocr(
        input_file: Path, options: Any, page_number: int = 0
    ) -> tuple[OcrElement, str]:
        """Read the picture of a page."""
        result, _ = _read(input_file)
        return _page(input_file, result, page_number), result.text.strip()

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        """Read the picture of a page, for those who want files."""
        result, hocr = _read(input_file, "hocr")
        output_hocr.write_bytes(hocr)
        output_text.write_text(result.text.strip(), encoding="utf-8")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        """Not done: OCRmyPDF's own renderer lays the text."""
        raise BadArgsError("Docchu wants OCRmyPDF's own renderer: leave out --pdf-renderer.")


class _TesseractsOptions:
    """Of Tesseract's plugin what OCRmyPDF cannot do without: its options, and not the program."""

    def __init__(self, plugin: Any) -> None:
        self._plugin = plugin

    @hookimpl
    def register_options(self) -> Any:
        return self._plugin.register_options()

    @hookimpl
    def add_options(self, parser: Any) -> None:
        self._plugin.add_options(parser)


@hookimpl
def initialize(plugin_manager: pluggy.PluginManager) -> None:
    """Take Tesseract's place."""
    if plugin := plugin_manager.get_plugin(_TESSERACT):
        plugin_manager.unregister(plugin)
        plugin_manager.register(_TesseractsOptions(plugin))


@hookimpl
def get_ocr_engine(options: Any) -> DocchuEngine | None:
    """The engine, unless none is wanted."""
    return None if getattr(options, "ocr_engine", "auto") == "none" else DocchuEngine()


def _read(picture: Path, form: str = "") -> tuple[Result, bytes]:
    """The result, and the same in a format. Raises PageNotRead."""
    url = os.environ.get("DOCCHU_URL") or DEFAULT_URL
    try:
        with Docchu(url, os.environ.get("DOCCHU_API_KEY") or None) as docchu:
            job: Job = docchu.wait(docchu.submit(picture, ttl_s=_TTL_S))
            return docchu.result(job), docchu.export(job, form) if form else b""
    except DocchuError as error:
        raise PageNotRead(f"Docchu: {error.detail}") from error


def _page(picture: Path, result: Result, number: int) -> OcrElement:
    with Image.open(picture) as image:
        (width, height), dpi = image.size, image.info.get("dpi", (300, 300))[0]
    lines = [_line(page, line) for page in result.pages for line in page.lines if line.words]
    return OcrElement(
        ocr_class=OcrClass.PAGE,
        bbox=BoundingBox(0, 0, width, height),
        dpi=float(dpi),
        page_number=number,
        children=lines,
    )


def _line(page: Page, line: Line) -> OcrElement:
    return OcrElement(
        ocr_class=OcrClass.LINE,
        bbox=_bounds(page, line.box),
        confidence=line.confidence,
        textangle=float(page.rotation) or None,
        children=[_word(page, word) for word in line.words],
    )


def _word(page: Page, word: Word) -> OcrElement:
    return OcrElement(
        ocr_class=OcrClass.WORD,
        bbox=_bounds(page, word.box),
        text=word.text,
        confidence=word.confidence,
    )


def _bounds(page: Page, box: Box) -> BoundingBox:
    """The rectangle around a box on the picture as it was sent, before it was turned upright."""
    points = [_unturned(page, x, y) for x, y in box]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return BoundingBox(min(xs), min(ys), max(xs), max(ys))


def _unturned(page: Page, x: float, y: float) -> tuple[float, float]:
    turned = {90: (y, page.width - x), 180: (page.width - x, page.height - y)}
    turned |= {270: (page.height - y, x)}
    return turned.get(page.rotation, (x, y))
