"""What kind of document some bytes are, told by the bytes and never by a name or a header."""

from __future__ import annotations

import struct

PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"
BMP = "image/bmp"
GIF = "image/gif"
TIFF = "image/tiff"
AVIF = "image/avif"
HEIC = "image/heic"
JPEG2000 = "image/jp2"
PDF = "application/pdf"

ONE_PAGE = frozenset({PNG, JPEG, WEBP, BMP, GIF, AVIF, HEIC, JPEG2000})
"""Of an animation the first frame is the page."""
MEDIA_TYPES = ONE_PAGE | {TIFF, PDF}

HEAD_BYTES = 1024
"""How much of a document `sniff` wants to see: mail gateways and printers put lines before a PDF's
header, and readers look for it in the first 1024 bytes (PDF 1.7, implementation note 13)."""

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00\x08\x00\x00\x00", TIFF),  # BigTIFF
    (b"MM\x00+\x00\x08\x00\x00", TIFF),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51\x00", JPEG2000),  # a codestream without its box
)
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), HEIC),
}
"""Of the first box of a file (ISO/IEC 23008-12, annex B; AV1 Image File Format, 6)."""
_MAX_BRANDS = 32
_PDF_HOW = "save it as PDF (`soffice --headless --convert-to pdf FILE`) and send that"
_ARCHIVE_HOW = "unpack it and send what is in it, or send it as zip to `/v1/batches`"
_OTHERS = (
    (b"\x1f\x8b", "packed with gzip", "send it unpacked"),
    (b"BZh", "packed with bzip2", "send it unpacked"),
    (b"\xfd7zXZ\x00", "packed with xz", "send it unpacked"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _ARCHIVE_HOW),
    (b"Rar!\x1a\x07", "a RAR archive", _ARCHIVE_HOW),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document (doc, xls, ppt)", _PDF_HOW),
    (b"{\\rtf", "an RTF document", _PDF_HOW),
    (b"%!PS", "PostScript", "make a PDF of it (`ps2pdf FILE`) and send that"),
    (b"AT&TFORM", "a DjVu document", "make a PDF of it (`ddjvu -format=pdf`) and send that"),
)
_AS_TEXT_HOW = "send its bytes as they are (`curl --data-binary @FILE`, or `-F file=@FILE`)"
_BASE64_HOW = 'send its bytes as they are, or JSON, `{"data": "…"}`'
# Where the bytes of a document were taken for text: a PNG's first line is there to tell
# (PNG, 5.2: line ends that were changed), and U+FFFD is what UTF-8 makes of 0x89 and 0xFF.
_MANGLED = (
    (b"\x89PNG\x1a", "a PNG without its line ends", _AS_TEXT_HOW),
    (b"\x89PNG\n", "a PNG whose line ends were changed", _AS_TEXT_HOW),
    (b"\xef\xbf\xbdPNG", "a PNG that was taken for text", _AS_TEXT_HOW),
    (b"\xef\xbf\xbd" * 3, "a picture that was taken for text", _AS_TEXT_HOW),
    (b"data:", "a data URL", _BASE64_HOW),
    (b"iVBORw0KGgo", "a PNG in base64", _BASE64_HOW),
    (b"/9j/", "a JPEG in base64", _BASE64_HOW),
    (b"JVBERi0", "a PDF in base64", _BASE64_HOW),
)
_IN_ZIPS = (
    (b"word/", "a Word document (docx)"),
    (b"xl/", "a workbook (xlsx)"),
    (b"ppt/", "a presentation (pptx)"),
    (b"[Content_Types].xml", "an Office document (docx, xlsx, pptx)"),
    (b"mimetypeapplication/vnd.oasis.opendocument", "an OpenDocument (odt, ods, odp)"),
    (b"mimetypeapplication/epub+zip", "an e-book (EPUB)"),
)
_BMP_HEADER_BYTES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes) -> str | None:
    """Name the media type of the document that starts with `head`, None if Docchu reads no such.

    `head` is the first `HEAD_BYTES` bytes, or the whole document if it is shorter.
    """
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if _is_bmp(head):
        return BMP
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if b"%PDF-" in head[:HEAD_BYTES]:
        return PDF
    return None


def other(head: bytes) -> str | None:
    """What a document is that Docchu does not read, and what to do about it, where that is known.

    `head` is as for `sniff`.
    """
    for signature, kind, how in (*_OTHERS, *_MANGLED):
        if head.startswith(signature):
            return f"The document is {kind}: {how}."
    if head.startswith(b"PK\x03\x04"):
        for sign, kind in _IN_ZIPS:
            if sign in head:
                return f"The document is {kind}: {_PDF_HOW}."
        return "The document is a zip: send it to `/v1/batches`, where each file in it is read."
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "The document is a web page: print it to a PDF and send that."
    return None


def _by_brand(head: bytes) -> str | None:
    """The kind of a file whose first box names the kinds that it is of, the main one first."""
    (length,) = struct.unpack(">I", head[:4])
    brands = [head[8:12], *_parts(head[16 : min(length, 16 + 4 * _MAX_BRANDS)])]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def _parts(names: bytes) -> list[bytes]:
    return [names[at : at + 4] for at in range(0, len(names), 4)]


def _is_bmp(head: bytes) -> bool:
    # "BM" alone also starts plain text, so the length of the second header must be a known one.
    if not head.startswith(b"BM") or len(head) < 18:
        return False
    return struct.unpack_from("<I", head, 14)[0] in _BMP_HEADER_BYTES
