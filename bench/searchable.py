"""Whether searchable PDFs say what was read: `python -m bench.searchable [--pages FOLDER]`.

Of each page picture: the text that poppler's pdftotext and PDFium (Chromium's viewer) copy out of
its searchable PDF against the result's text, without regard to white space, and the PDF's size.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageOps

from bench.pages import draw_pages
from shared.formats.pdf import searchable_pdf
from shared.media import sniff
from shared.result import page_text
from worker.ocr.reader import Reader

_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_MAX_PIXELS = 50_000_000


def main() -> None:
    """Read every page of a folder and print a row for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.searchable", description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder of page images; else a few are drawn")
    given: Path | None = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as own:
        if given is None:
            draw_pages(Path(own))
        _print(given or Path(own))


def _print(folder: Path) -> None:
    reader = Reader.load()
    print("| page | words | pdftotext | pdftotext -raw | PDFium | size | added |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES):
        print(_row(reader, path), flush=True)
    reader.close()


def _row(reader: Reader, path: Path) -> str:
    content = path.read_bytes()
    media_type = sniff(content)
    if media_type is None:
        return f"| {path.name} | no picture | | | | | |"
    with Image.open(path) as picture:
        pixels = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    page = reader.read(pixels).page
    pdf = searchable_pdf(path, media_type, [page], _MAX_PIXELS)
    wanted = page_text(page).split()
    copies = (_pdftotext(pdf), _pdftotext(pdf, "-raw"), _pdfium(pdf))
    share = len(pdf) / len(content) - 1
    said = " | ".join(_verdict(copy, wanted) for copy in copies)
    return (
        f"| {path.name} | {len(wanted)} | {said} | {share:+.1%} | {len(pdf) - len(content):+} B |"
    )


def _verdict(copied: list[str], wanted: list[str]) -> str:
    if copied == wanted:
        return "equal"
    have, want = Counter(copied), Counter(wanted)
    if have == want:
        return "other order"
    return f"{(want - have).total()} missing, {(have - want).total()} more"


def _pdftotext(pdf: bytes, *options: str) -> list[str]:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        command = ["pdftotext", *options, file.name, "-"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


def _pdfium(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        copied: str = document[0].get_textpage().get_text_range()
    return copied.split()


if __name__ == "__main__":
    main()
