"""Searchable PDFs made of small documents, and what other readers find in them."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from shared.formats.pdf import searchable_pdf
from shared.media import sniff
from shared.result import Page
from tests.formats.documents import scan

MAX_PIXELS = 50_000_000


def made(content: bytes, pages: list[Page], folder: Path) -> bytes:
    source = folder / "source"
    source.write_bytes(content)
    media_type = sniff(content)
    assert media_type
    return searchable_pdf(source, media_type, pages, MAX_PIXELS)


def copied(pdf: bytes) -> str:
    """All text, as Chromium's viewer copies it."""
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def pdftotext(pdf: bytes, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    command = ["pdftotext", *options, "-", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return done.stdout.decode()


def drawn(pdf: bytes, page: int = 0, dpi: float = 72) -> np.ndarray:
    opened = pypdfium2.PdfDocument(pdf)[page]
    return opened.render(scale=dpi / 72, rev_byteorder=True).to_numpy()[:, :, :3].astype(int)


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def a4(mode: str = "RGB") -> Image.Image:
    return scan("Đ").resize((1654, 2339)).convert(mode)
