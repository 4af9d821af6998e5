"""A TIFF is as many pages as it has frames, each with its own size, depth and compression."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from shared.errors.documents import DocumentDamaged, PageTooLarge, TooManyPages
from tests.loading.conftest import Count, Load
from tests.loading.samples import BLUE, GREEN, RED, WHITE, encode, noise, quarters


def fax(width: int, height: int) -> Image.Image:
    """A bilevel page, black above and white below."""
    picture = Image.new("1", (width, height), 1)
    picture.paste(0, (0, 0, width, height // 2))
    return picture


def ramp(width: int, height: int, order: str = "<", big: bool = False, frames: int = 1) -> bytes:
    """A grey TIFF or BigTIFF written by hand, its directories chained one behind the other."""
    mark = b"II" if order == "<" else b"MM"
    pixels = bytes(range(width)) * height
    tags = ((256, width), (257, height), (258, 8), (259, 1), (262, 1), (277, 1), (278, height))
    values = [*tags, (279, len(pixels))]
    number, entry, pointer = ("Q", "HHQQ", "Q") if big else ("H", "HHLL", "L")
    head = mark + struct.pack(order + ("HHHQ" if big else "HL"), *((43, 8, 0) if big else (42,)), 0)
    head = head[:-8] if big else head[:-4]
    first = len(head) + struct.calcsize(order + pointer) + len(pixels)
    out = head + struct.pack(order + pointer, first) + pixels
    for frame in range(frames):
        entries = [*values[:5], (273, first - len(pixels)), *values[5:]]
        body = b"".join(
            struct.pack(order + entry, tag, 16 if big else 4, 1, value) for tag, value in entries
        )
        end = (
            len(out)
            + struct.calcsize(order + number)
            + len(body)
            + struct.calcsize(order + pointer)
        )
        following = end if frame < frames - 1 else 0
        out += (
            struct.pack(order + number, len(entries))
            + body
            + struct.pack(order + pointer, following)
        )
    return out


def test_frames_of_different_sizes_and_modes_are_pages(load: Load, count: Count) -> None:
    frames = [quarters(), quarters(40, 90).convert("L"), fax(64, 64), noise(30, 20)]
    content = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert count(content) == 4
    shapes = [load(content, page).picture.shape for page in (1, 2, 3, 4)]
    assert shapes == [(40, 80, 3), (90, 40, 3), (64, 64, 3), (20, 30, 3)]


def test_pages_come_in_any_order_and_more_than_once(load: Load) -> None:
    frames = [noise(30, 20, seed) for seed in range(6)]
    content = encode(
        frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_lzw"
    )
    for page in (6, 1, 1, 4, 4, 2, 6):
        assert (load(content, page).picture == np.asarray(frames[page - 1])).all()


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_lossless_compressions_come_out_to_the_bit(load: Load, compression: str) -> None:
    page = load(encode(noise(), "TIFF", compression=compression))
    assert (page.picture == np.asarray(noise())).all()


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_bilevel_faxes_are_read(load: Load, compression: str) -> None:
    page = load(encode(fax(64, 48), "TIFF", compression=compression))
    assert page.damage is None
    assert (page.picture[:24] == 0).all()
    assert (page.picture[24:] == 255).all()


def test_jpeg_inside_a_tiff_is_read(load: Load) -> None:
    page = load(encode(quarters(), "TIFF", compression="jpeg", quality=95))
    spots = [page.picture[3, 3], page.picture[3, -4], page.picture[-4, -4], page.picture[-4, 3]]
    assert np.abs(np.subtract(spots, [RED, GREEN, BLUE, WHITE], dtype=int)).max() < 8


@pytest.mark.parametrize(
    ("dpi", "shape"), [((204, 98), (208, 100, 3)), ((100, 200), (100, 200, 3))]
)
def test_a_fax_gets_its_proportions_back(load: Load, dpi: tuple[int, int], shape: tuple) -> None:
    page = load(encode(fax(100, 100), "TIFF", dpi=dpi, compression="group4"))
    assert page.picture.shape == shape
    middle = shape[0] // 2
    assert page.picture[: middle - 3].max() == 0
    assert page.picture[middle + 3 :].min() == 255


def test_a_fax_that_lies_on_its_side_gets_its_proportions_back(load: Load) -> None:
    exif = Image.Exif()
    exif[274] = 6
    page = load(encode(fax(100, 60), "TIFF", dpi=(200, 100), exif=exif))
    assert page.picture.shape == (100, 120, 3)


@pytest.mark.parametrize("dpi", [(204, 196), (1, 72), (0, 0)])
def test_pixels_that_are_square_enough_or_absurd_are_left_alone(load: Load, dpi: tuple) -> None:
    assert load(encode(fax(100, 100), "TIFF", dpi=dpi)).picture.shape == (100, 100, 3)


def test_one_page_over_the_limit_leaves_the_others(load: Load, count: Count) -> None:
    frames = [Image.new("1", (1500, 1500)), fax(64, 64)]
    content = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert count(content) == 2
    with pytest.raises(PageTooLarge) as refusal:
        load(content, 1)
    assert refusal.value.facts["width"] == 1500
    assert load(content, 2).picture.shape == (64, 64, 3)


def test_a_fax_that_is_too_large_once_it_is_stretched_is_refused(load: Load) -> None:
    with pytest.raises(PageTooLarge):
        load(encode(fax(1200, 1200), "TIFF", dpi=(200, 100)))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_and_big_files_are_counted(count: Count, order: str, big: bool) -> None:
    assert count(ramp(200, 4, order, big, frames=3)) == 3


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_both_byte_orders_and_big_files_are_read(load: Load, order: str, big: bool) -> None:
    page = load(ramp(200, 4, order, big, frames=3), page=3)
    assert (page.picture[0, :, 0] == np.arange(200)).all()


def test_more_frames_than_allowed_are_too_many(count: Count) -> None:
    assert count(ramp(9, 4, frames=20)) == 20
    with pytest.raises(TooManyPages):
        count(ramp(9, 4, frames=21))


def test_a_chain_of_frames_that_bites_its_tail_ends(count: Count) -> None:
    content = bytearray(ramp(9, 4, frames=2))
    content[-4:] = content[4:8]
    assert count(bytes(content)) == 2


def test_pages_that_are_cut_off_are_missed_and_not_passed_over(load: Load, count: Count) -> None:
    content = ramp(9, 4, frames=5)
    begun = content[: -2 * 114]  # the fourth directory is pointed to and gone
    assert count(begun) == 4
    assert load(begun, 3).damage is None
    with pytest.raises(DocumentDamaged):
        load(begun, 4)
    nearly = content[: -114 - 10]  # the fourth lacks its last entry and what follows
    assert count(nearly) == 4
    assert "cut short" in str(load(nearly, 4).damage)


def test_a_tiff_without_a_directory_is_damaged(count: Count, load: Load) -> None:
    with pytest.raises(DocumentDamaged):
        count(b"II*\x00")
    with pytest.raises(DocumentDamaged):
        count(b"II*\x00" + bytes(30))
    with pytest.raises(DocumentDamaged):
        load(b"II*\x00\xff\xff\xff\x00" + bytes(30))
