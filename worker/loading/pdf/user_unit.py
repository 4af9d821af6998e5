"""How large the units of a PDF's pages are (/UserUnit, PDF 1.7, table 30), which PDFium ignores."""

from __future__ import annotations

import math
import mmap
import re
import zlib

_KEY = b"/UserUnit"
_OBJECT_STREAM = re.compile(rb"/ObjStm\b[^\0]{0,400}?stream\r?\n")
_MAX_STREAM_BYTES = 8 * 1024 * 1024
"""Of an object stream, inflated: usually it holds a hundred objects in 10 kB."""
_PLAUSIBLE = (0.1, 75_000.0)
"""What is smaller is no unit that anybody draws in; Acrobat takes none that is larger."""


def user_units(path: str, password: str | None = None) -> dict[int, float]:
    """The units, in points, of the pages whose unit is not one point, by page from 1.

    A file that qpdf cannot read has none: it is drawn as PDFium draws it.
    """
    if not _may_have_units(path):
        return {}
    import pikepdf  # here because hardly a document needs it

    try:
        with pikepdf.open(path, password=password or "") as pdf:
            found = {n: _unit_of(page.obj) for n, page in enumerate(pdf.pages, start=1)}
    except (pikepdf.PdfError, pikepdf.PasswordError, ValueError, TypeError, RuntimeError):
        return {}
    return {number: unit for number, unit in found.items() if unit != 1}


def _unit_of(page: object) -> float:
    try:
        unit = float(page["/UserUnit"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return 1.0
    return unit if math.isfinite(unit) and _PLAUSIBLE[0] <= unit <= _PLAUSIBLE[1] else 1.0


def _may_have_units(path: str) -> bool:
    """Whether the key stands anywhere in the file, which costs far less than parsing it twice."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(_KEY) >= 0:
            return True
        is_locked = content.find(b"/Encrypt") >= 0
        for found in _OBJECT_STREAM.finditer(content):
            if is_locked or _KEY in _inflated(content, found.end()):
                return True
    return False


def _inflated(content: mmap.mmap, start: int) -> bytes:
    end = content.find(b"endstream", start)
    data = content[start : end if end > start else start + _MAX_STREAM_BYTES]
    try:
        return zlib.decompressobj().decompress(data, _MAX_STREAM_BYTES)
    except zlib.error:
        return data
