"""A document is what its first bytes are."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from docchu.files.media import is_document
from shared.media import HEAD_BYTES, MEDIA_TYPES, other, sniff

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
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


@pytest.mark.parametrize("form", ["PBM", "ICO", "PSD", "MP4"])
def test_pictures_of_other_formats_are_refused(form: str) -> None:
    heads = {
        "PBM": b"P4\n3 3\n",
        "ICO": b"\x00\x00\x01\x00",
        "PSD": b"8BPS\x00\x01",
        "MP4": b"\x00\x00\x00\x1cftypisom\x00\x00\x00\x00mp42avc1mp41",
    }
    assert sniff(heads[form] + bytes(100)) is None


def test_what_phones_and_scanners_write_is_known() -> None:
    heic = (Path(__file__).parents[1] / "loading" / "data" / "turned.heic").read_bytes()
    assert sniff(heic[:HEAD_BYTES]) == "image/heic"
    assert sniff(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic") == "image/heic"
    assert sniff(b"\x00\x00\x00\x10ftypmif1\x00\x00\x00\x00") is None
    out = io.BytesIO()
    Image.new("RGB", (30, 30)).save(out, "JPEG2000")
    assert sniff(out.getvalue()[:HEAD_BYTES]) == "image/jp2"
    codestream = out.getvalue()[out.getvalue().index(b"\xff\x4f\xff\x51") :]
    assert sniff(codestream[:HEAD_BYTES]) == "image/jp2"


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z archive.*zip"),
        (b"Rar!\x1a\x07\x01\x00", "RAR archive.*zip"),
        (zipped("[Content_Types].xml", "word/document.xml"), "Word document.*PDF"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "workbook.*PDF"),
        (zipped("mimetype", "a.png"), "zip.*/v1/batches"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "Office.*PDF"),
        (b"{\\rtf1\\ansi", "RTF.*PDF"),
        (b"%!PS-Adobe-3.0", "PostScript.*ps2pdf"),
        (b"\n<!DOCTYPE html><p>", "web page.*PDF"),
        (b"\x1f\x8b\x08", "gzip.*unpacked"),
        (PNG.replace(b"\r", b"").replace(b"\n", b""), "PNG without its line ends.*--data-binary"),
        (PNG.replace(b"\r\n", b"\n"), "PNG whose line ends.*--data-binary"),
        (PNG.decode(errors="replace").encode(), "PNG that was taken for text"),
        ("\ufffd\ufffd\ufffd\ufffd".encode(), "picture that was taken for text"),
        (base64.b64encode(PNG), "PNG in base64.*JSON"),
        (b"data:image/png;base64," + base64.b64encode(PNG), "data URL.*JSON"),
        (base64.b64encode(b"%PDF-1.4"), "PDF in base64"),
        (base64.b64encode(b"\xff\xd8\xff\xe0"), "JPEG in base64"),
    ],
)
def test_what_is_not_read_is_named_with_what_to_do(head: bytes, said: str) -> None:
    assert sniff(head) is None
    assert re.search(said, other(head[:HEAD_BYTES]) or "")


def test_what_nobody_knows_is_not_named() -> None:
    for head in (b"", b"just words", b"PK", b"\x00" * 100):
        assert other(head) is None


def test_the_client_knows_the_same_documents() -> None:
    heads = [b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", b"\xff\x4f\xff\x51\x00"]
    heads += [b"\x00\x00\x00\x1cftypisom\x00\x00\x00\x00mp42", b"\x00\x00\x00\x1cftypavif"]
    heads += [b"7z\xbc\xaf\x27\x1c", zipped("word/a"), b"\xff\xd8\xff", b"x\n%PDF-1.4"]
    for head in heads:
        assert is_document(head) is (sniff(head) is not None), head


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
    assert len(MEDIA_TYPES) == 10
    told = "import shared.media, sys; sys.exit(any(m in sys.modules for m in ('PIL', 'numpy')))"
    command = [sys.executable, "-c", told]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0
