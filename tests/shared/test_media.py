"""A document is what its first bytes are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from shared.media import HEAD_BYTES, MEDIA_TYPES, sniff


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_every_picture_format_is_known_by_its_bytes(form: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (3, 3)).save(out, form)
    assert sniff(out.getvalue()[:HEAD_BYTES]) == f"image/{form.lower()}"


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiffs_of_both_byte_orders_and_big_ones_are_tiffs(order: str) -> None:
    mark, plain, big = (b"II", b"*\x00", b"+\x00\x08\x00\x00\x00")
    if order == ">":
        mark, plain, big = b"MM", b"\x00*", b"\x00+\x00\x08\x00\x00"
    assert sniff(mark + plain + bytes(20)) == "image/tiff"
    assert sniff(mark + big + bytes(20)) == "image/tiff"


@pytest.mark.parametrize("form", ["PBM", "ICO", "JPEG2000", "PSD", "AVIF"])
def test_pictures_of_other_formats_are_refused(form: str) -> None:
    heads = {
        "PBM": b"P4\n3 3\n",
        "ICO": b"\x00\x00\x01\x00",
        "JPEG2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        "PSD": b"8BPS\x00\x01",
        "AVIF": b"\x00\x00\x00\x1cftypavif",
    }
    assert sniff(heads[form] + bytes(100)) is None


def test_a_pdf_may_have_other_lines_before_its_header() -> None:
    assert sniff(b"%PDF-1.7\n") == "application/pdf"
    assert sniff(b"\r\n" * 500 + b"%PDF-1.4\n") == "application/pdf"
    assert sniff(b"\r\n" * HEAD_BYTES + b"%PDF-1.4\n") is None


def test_text_that_starts_like_a_picture_is_none() -> None:
    assert sniff(b"BM is how this sentence starts, and it is no bitmap") is None
    assert sniff(b"RIFF\x00\x00\x00\x00WAVEfmt ") is None
    assert sniff(b"GIF8 is not enough") is None


@pytest.mark.parametrize("num_bytes", range(20))
def test_a_document_of_a_few_bytes_is_none_and_no_error(num_bytes: int) -> None:
    assert sniff(b"BM"[:num_bytes] + bytes(max(0, num_bytes - 2))) is None


def test_the_types_are_seven_and_need_no_picture_library() -> None:
    assert len(MEDIA_TYPES) == 7
    told = "import shared.media, sys; sys.exit(any(m in sys.modules for m in ('PIL', 'numpy')))"
    command = [sys.executable, "-c", told]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0
