"""Documents for the whole service: pages with a number that can be read back, and broken ones."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CANARY = Path(__file__).parents[2] / "keeper" / "canary.png"
PHONE = Path(__file__).parents[1] / "loading" / "data" / "canary.heic"
"""The same as a phone stores it."""
CANARY_TEXT = "Đọc chữ"


def numbered_page(number: int) -> Image.Image:
    """A page that says its number."""
    page = Image.new("RGB", (800, 400), "white")
    font = ImageFont.load_default(48)
    ImageDraw.Draw(page).text((80, 150), f"Page number {number}", font=font, fill="black")
    return page


def numbered_pdf(num_pages: int) -> bytes:
    """A scanned PDF whose pages say their numbers."""
    pages = [numbered_page(number) for number in range(1, num_pages + 1)]
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=100)
    return file.getvalue()


def sound_documents() -> dict[str, bytes]:
    """A small document of every kind, by file name."""
    page = numbered_page(1).resize((400, 200))
    documents = {"a.heic": PHONE.read_bytes()}
    for name in (
        "a.png",
        "a.jpeg",
        "a.webp",
        "a.bmp",
        "a.gif",
        "a.tiff",
        "a.avif",
        "a.jp2",
        "a.pdf",
    ):
        file = io.BytesIO()
        page.save(file, "JPEG2000" if name == "a.jp2" else name[2:].upper())
        documents[name] = file.getvalue()
    return documents


def malformed_uploads(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """File names and bytes that are wrong in some way; the same seed, the same uploads."""
    rng = random.Random(seed)
    sound = sound_documents()
    for _ in range(count):
        name, data = rng.choice(sorted(sound.items()))
        harm = rng.choice((_cut, _flip, _mislabel, _swap, _oversize, _noise))
        yield harm(name, data, rng)


def _cut(name: str, data: bytes, rng: random.Random) -> tuple[str, bytes]:
    return name, data[: rng.randrange(len(data))]


def _flip(name: str, data: bytes, rng: random.Random) -> tuple[str, bytes]:
    flipped = bytearray(data)
    for _ in range(rng.choice((1, 10, 100))):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return name, bytes(flipped)


def _mislabel(name: str, data: bytes, rng: random.Random) -> tuple[str, bytes]:
    return rng.choice(("a.txt", "a.png", "../../a.pdf", "a.exe", "ả\n.png")), data


def _swap(name: str, data: bytes, rng: random.Random) -> tuple[str, bytes]:
    at, length = rng.randrange(len(data)), rng.randrange(1, 64)
    return name, data[:at] + rng.randbytes(length) + data[at + length :]


def _noise(name: str, data: bytes, rng: random.Random) -> tuple[str, bytes]:
    return name, rng.randbytes(rng.choice((0, 1, 7, 100, 5000)))


def _oversize(name: str, data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """A header that promises more pixels than anybody has memory for."""
    width, height = rng.choice(((2**31 - 1, 2**31 - 1), (60_000, 60_000), (1, 2**31 - 1), (0, 0)))
    if rng.random() < 0.5:
        png = bytearray(sound_documents()["a.png"])
        png[16:24] = struct.pack(">II", width, height)
        return "a.png", bytes(png)
    header = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]"
    )
    page = b"/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]>>endobj\n"
    return "a.pdf", header + page % (width, height) + b"trailer<</Root 1 0 R>>"
