"""What kind of document some bytes are, told by the bytes and never by a name or a header."""

from __future__ import annotations

import struct

PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"
BMP = "image/bmp"
GIF = "image/gif"
TIFF = "image/tiff"
PDF = "application/pdf"

ONE_PAGE = frozenset({PNG, JPEG, WEBP, BMP, GIF})
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
    if b"%PDF-" in head[:HEAD_BYTES]:
        return PDF
    return None


def _is_bmp(head: bytes) -> bool:
    # "BM" alone also starts plain text, so the length of the second header must be a known one.
    if not head.startswith(b"BM") or len(head) < 18:
        return False
    return struct.unpack_from("<I", head, 14)[0] in _BMP_HEADER_BYTES
