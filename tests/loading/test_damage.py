"""Of a damaged document what can be read is read, and no file whatever brings the loader down."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from shared.errors.documents import (
    DocumentDamaged,
    DocumentEncrypted,
    DocumentError,
    PageCrashed,
    PageTimeout,
    PageTooLarge,
    TooManyPages,
)
from shared.media import sniff
from tests.loading.conftest import LIMITS, Load
from tests.loading.samples import encode, locked_pdf, noise, pdf, quarters, written
from worker.loading.pool import PageLoader

DOCUMENTED = (
    DocumentDamaged,
    DocumentEncrypted,
    PageCrashed,
    PageTimeout,
    PageTooLarge,
    TooManyPages,
)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("GIF", {"interlace": 0}),
        ("TIFF", {"compression": "raw"}),
    ],
    ids=["png", "jpeg", "progressive jpeg", "gif", "tiff"],
)
def test_the_upper_part_of_a_picture_that_is_cut_short_is_read(
    load: Load, form: str, options: dict
) -> None:
    content = encode(noise(), form, **options)
    whole = load(content).picture
    page = load(content[: len(content) * 2 // 3])
    assert "cut short" in str(page.damage)
    assert page.picture.shape == whole.shape
    if options.get("progressive"):
        assert page.picture.std() > 10  # all of it, blurred
    else:
        assert (page.picture[:70] == whole[:70]).all()


def test_the_strips_of_a_packed_tiff_before_the_damage_are_read(load: Load) -> None:
    picture = noise(256, 400)
    content = bytearray(encode(picture, "TIFF", compression="tiff_lzw", strip_size=16 * 768))
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\xff" * 2000
    page = load(bytes(content))
    assert page.damage is not None
    assert (page.picture[:96] == np.asarray(picture)[:96]).all()


def test_a_bmp_is_cut_from_its_top_since_it_starts_at_the_bottom(load: Load) -> None:
    content = encode(quarters(), "BMP")
    page = load(content[: len(content) * 2 // 3])
    assert "cut short" in str(page.damage)
    assert (page.picture[-10:] == np.asarray(quarters())[-10:]).all()


def test_a_png_whose_pixels_are_whole_is_not_called_damaged(load: Load) -> None:
    content = encode(noise(), "PNG")
    page = load(content[: content.rindex(b"IEND") - 4])
    assert page.damage is None
    assert (page.picture == np.asarray(noise())).all()


def test_a_png_whose_stream_breaks_off_is_read_up_to_there(load: Load) -> None:
    picture = quarters(400, 300)
    content = bytearray(encode(picture, "PNG", compress_level=1))
    middle = len(content) * 2 // 3
    content[middle : middle + 20] = b"\xff" * 20
    page = load(bytes(content))
    assert page.damage is not None
    assert (page.picture[:100] == np.asarray(picture)[:100]).all()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_picture_of_which_nothing_is_left_is_damaged(load: Load, form: str) -> None:
    content = encode(noise(), form)
    with pytest.raises(DocumentDamaged):
        load(content[:64])


def spoiled(content: bytes, way: str, chance: random.Random) -> bytes:
    """The document cut, with bits flipped, or with a stretch of it overwritten."""
    if way == "cut":
        return content[: chance.randrange(30, len(content))]
    out = bytearray(content)
    if way == "flipped":
        for _ in range(chance.randrange(1, 12)):
            out[chance.randrange(8, len(out))] ^= 1 << chance.randrange(8)
    else:
        start = chance.randrange(8, len(out))
        out[start : start + chance.randrange(1, 200)] = chance.randbytes(chance.randrange(1, 200))
    return bytes(out)


def healthy() -> list[bytes]:
    """A small document of every kind that Docchu reads."""
    frames = [noise(40, 30, seed) for seed in range(3)]
    return [
        encode(noise(), "PNG"),
        encode(quarters().convert("P"), "PNG"),
        encode(noise(), "JPEG"),
        encode(noise(), "JPEG", progressive=True),
        encode(quarters().convert("CMYK"), "JPEG"),
        encode(noise(), "WEBP"),
        encode(noise().convert("RGBA"), "WEBP", lossless=True),
        encode(noise(), "BMP"),
        encode(noise(60, 40), "GIF", save_all=True, append_images=[quarters()]),
        encode(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw"),
        encode(quarters(200, 200).convert("1"), "TIFF", compression="group4"),
        encode(noise(), "TIFF", compression="jpeg"),
        encode(frames[0], "TIFF", big_tiff=True),
        pdf(3),
        locked_pdf(b""),
    ]


@pytest.mark.parametrize("way", ["cut", "flipped", "overwritten"])
def test_three_hundred_spoiled_documents_give_pages_or_documented_errors(
    loader: PageLoader, load: Load, tmp_path: Path, way: str
) -> None:
    chance = random.Random(f"docchu {way}")
    kinds = healthy()
    outcomes: dict[str, int] = {}
    for number in range(105):
        content = spoiled(kinds[number % len(kinds)], way, chance)
        media_type = sniff(kinds[number % len(kinds)])
        assert media_type is not None
        path = written(tmp_path, content, f"document {number}")
        try:
            for page in range(1, min(3, loader.count_pages(path, media_type)) + 1):
                loaded = loader.load(path, media_type, page)
                assert loaded.picture.size <= 3 * LIMITS.max_page_pixels
                outcomes["damaged" if loaded.damage else "whole"] = 1
        except DocumentError as error:
            assert type(error) in DOCUMENTED
            assert str(tmp_path) not in str(error)
            outcomes[error.code] = 1
    assert "document_damaged" in outcomes
    assert (load(encode(noise(), "PNG")).picture == np.asarray(noise())).all()
