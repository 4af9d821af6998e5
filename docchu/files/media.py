"""Whether a file is a document, told by its first bytes, before anything is sent."""

from __future__ import annotations

import struct

HEAD_BYTES = 1024
"""How much of a file `is_document` wants to see."""

# The service's own list (shared/media.py), told again because the client stands alone.
_SIGNATURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00\x08\x00\x00\x00",
    b"MM\x00+\x00\x08\x00\x00",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51\x00",
)
_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_MAX_BRANDS = 32
_BMP_HEADER_BYTES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".webp", ".bmp", ".dib", ".gif"),
    *(".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".pdf"),
)


def is_document(head: bytes) -> bool:
    """Whether the service reads what starts with `head`, the first `HEAD_BYTES` bytes."""
    if head.startswith(_SIGNATURES) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
        return True
    if head.startswith(b"BM") and len(head) >= 18:
        return struct.unpack_from("<I", head, 14)[0] in _BMP_HEADER_BYTES
    if head[4:8] == b"ftyp":
        length = min(struct.unpack(">I", head[:4])[0], 16 + 4 * _MAX_BRANDS)
        return not _BRANDS.isdisjoint(head[at : at + 4] for at in (8, *range(16, length, 4)))
    return b"%PDF-" in head


def looks_like_document(name: str) -> bool:
    """Whether a file's name says that it is one, so that passing it over in silence would lose
    somebody's page."""
    return name.lower().endswith(_ENDINGS)
