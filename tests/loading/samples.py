"""Documents that the loading tests make for themselves: pictures, and PDF files written by hand."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

RED, GREEN, BLUE, WHITE, BLACK = (
    (255, 0, 0),
    (0, 128, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
)


def quarters(width: int = 80, height: int = 40) -> Image.Image:
    """Red, green, blue and white quarters, clockwise from the top left: shows every turn."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    x, y = width // 2, height // 2
    draw.rectangle((0, 0, x - 1, y - 1), fill=RED)
    draw.rectangle((x, 0, width, y - 1), fill=GREEN)
    draw.rectangle((x, y, width, height), fill=BLUE)
    return picture


def noise(width: int = 200, height: int = 150, seed: int = 7) -> Image.Image:
    """A picture that no format can pack: every part of the file holds a part of the picture."""
    block = hashlib.shake_128(str(seed).encode()).digest(width * height * 3)
    return Image.frombytes("RGB", (width, height), block)


def encode(picture: Image.Image, form: str, **options: object) -> bytes:
    """The bytes of a picture file."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def written(folder: Path, content: bytes, name: str = "document") -> Path:
    """A file with this content; the name tells nothing, as in the blob store."""
    path = folder / name
    path.write_bytes(content)
    return path


def join_pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF file of these objects, which are numbered from 1; the first is the catalogue."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


PAINT_CORNER = b"1 0 0 rg 0 0 72 72 re f"
"""Page content: a red square of an inch in the lower left corner."""


def pdf(
    num_pages: int = 1,
    *,
    size: tuple[float, float] = (144, 288),
    content: bytes = PAINT_CORNER,
    entries: bytes = b"",
    catalogue: bytes = b"",
    more: Sequence[bytes] = (),
    trailer: bytes = b"",
) -> bytes:
    """A PDF file whose pages, of `size` points, share one content; `more` objects number from 4."""
    first = 4 + len(more)
    kids = b" ".join(b"%d 0 R" % number for number in range(first, first + num_pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %f %f] /Contents 3 0 R %s >>" % (
        *size,
        entries,
    )
    pages = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, num_pages)
    root = b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue
    return join_pdf([root, pages, stream(content), *more, *[page] * num_pages], trailer)


def locked_pdf(user_password: bytes, owner_password: bytes = b"owner") -> bytes:
    """A PDF file under 40-bit RC4 (PDF 1.7, 7.6.3): one page, the corner painted."""
    permissions, file_id = -4, b"0123456789abcdef"
    owner = rc4(hashlib.md5(_padded(owner_password)).digest()[:5], _padded(user_password))
    seed = _padded(user_password) + owner + permissions.to_bytes(4, "little", signed=True)
    key = hashlib.md5(seed + file_id).digest()[:5]
    lock = b"<< /Filter /Standard /V 1 /R 2 /P %d /O <%s> /U <%s> >>" % (
        permissions,
        owner.hex().encode(),
        rc4(key, _PADDING).hex().encode(),
    )
    content_key = hashlib.md5(key + (3).to_bytes(3, "little") + bytes(2)).digest()[:10]
    ids = b"/Encrypt 4 0 R /ID [<%s> <%s>]" % (file_id.hex().encode(), file_id.hex().encode())
    return pdf(content=rc4(content_key, PAINT_CORNER), more=[lock], trailer=ids)


def slow_pdf() -> bytes:
    """A PDF file of 2 kB that takes years to draw: forms that each draw the next ten times."""
    depth, fan = 12, 10
    forms = []
    for level in range(depth):
        is_last = level == depth - 1
        drawn = b"0 0 9 9 re f" if is_last else b"/F Do " * fan
        below = b"" if is_last else b"/Resources << /XObject << /F %d 0 R >> >>" % (5 + level)
        forms.append(stream(drawn, b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] " + below))
    return pdf(content=b"/F Do", entries=b"/Resources << /XObject << /F 4 0 R >> >>", more=forms)


_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _padded(password: bytes) -> bytes:
    return (password + _PADDING)[:32]


def rc4(key: bytes, content: bytes) -> bytes:
    """The RC4 cipher, which PDF files of old are locked with."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out = bytearray()
    i = j = 0
    for byte in content:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
