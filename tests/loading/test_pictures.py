"""Every kind of picture becomes 8-bit RGB, upright, on white paper."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from shared.errors.documents import DocumentDamaged, PageTooLarge
from tests.loading.conftest import LIMITS, Count, Load
from tests.loading.samples import BLACK, BLUE, GREEN, RED, WHITE, encode, noise, quarters
from worker.loading.pool import PageLoader

DATA = Path(__file__).parent / "data"
FONTS = Path(__file__).parents[1] / "fonts"
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def corners(picture: np.ndarray) -> list[tuple[int, int, int]]:
    """The colours in the four corners, clockwise from the top left."""
    spots = [(3, 3), (3, -4), (-4, -4), (-4, 3)]
    return [tuple(int(value) for value in picture[spot]) for spot in spots]


def letters_of(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / "DejaVuSans.ttf", size)


def letters(*lines: tuple[str, tuple[int, int, int]]) -> Image.Image:
    """Lines of text, each with its ink, on transparent ground."""
    picture = Image.new("RGBA", (400, 60 * len(lines)), (0, 0, 0, 0))
    for number, (text, ink) in enumerate(lines):
        ImageDraw.Draw(picture).text((20, 10 + 60 * number), text, ink, letters_of(32))
    return picture


def is_near(one: np.ndarray | list, other: np.ndarray | list, tolerance: int = 6) -> bool:
    return bool(np.abs(np.subtract(one, other, dtype=int)).max() <= tolerance)


@pytest.mark.parametrize("form", LOSSLESS)
def test_a_lossless_picture_comes_out_to_the_bit(load: Load, form: str) -> None:
    picture = noise()
    page = load(encode(picture, form, **LOSSLESS[form]))
    assert page.damage is None
    assert page.picture.shape == (150, 200, 3)
    assert page.picture.dtype == np.uint8
    assert (page.picture == np.asarray(picture)).all()


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "AVIF", "JPEG2000"])
def test_a_lossy_picture_comes_out_nearly(load: Load, form: str) -> None:
    page = load(encode(quarters(), form))
    assert page.damage is None
    assert is_near(corners(page.picture), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("name", ["quarters", "turned"])
def test_a_phones_picture_comes_out_upright(load: Load, name: str) -> None:
    page = load((DATA / f"{name}.heic").read_bytes())
    assert page.damage is None and page.picture.shape == (40, 80, 3)
    assert is_near(corners(page.picture), [RED, GREEN, BLUE, WHITE], 12)


@pytest.mark.parametrize("form", ["AVIF", "JPEG2000"])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    load: Load, form: str
) -> None:
    side = int(LIMITS.max_page_pixels**0.5) + 20
    with pytest.raises(PageTooLarge):
        load(encode(Image.new("L", (side, side)), form))


@pytest.mark.parametrize("name", ["quarters.heic", "AVIF", "JPEG2000"])
def test_a_damaged_one_costs_no_more_than_itself(load: Load, name: str) -> None:
    whole = (DATA / name).read_bytes() if "." in name else encode(noise(), name)
    for cut in (len(whole) // 3, len(whole) - 20):
        with contextlib.suppress(DocumentDamaged):
            assert load(whole[:cut]).damage is not None


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "I", "F", "CMYK"])
def test_every_mode_keeps_dark_dark_and_light_light(load: Load, mode: str) -> None:
    grey = Image.linear_gradient("L")  # black on top, white at the bottom
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode in ("I", "F"):
        picture = Image.fromarray(np.asarray(grey).astype({"I": np.int32, "F": np.float32}[mode]))
    else:
        picture = grey.convert("RGB").convert(mode)
    form = "TIFF" if mode in ("F", "CMYK", "I") else "PNG"
    page = load(encode(picture, form))
    assert page.damage is None
    assert page.picture.shape == (256, 256, 3)
    assert page.picture[4].mean() < 40
    assert page.picture[-4].mean() > 215


def test_sixteen_bits_are_scaled_and_not_cut_off(load: Load) -> None:
    steps = np.linspace(0, 65535, 256).astype(np.uint16)
    page = load(encode(Image.fromarray(np.tile(steps, (8, 1))), "PNG"))
    assert is_near(page.picture[0, :, 0], np.arange(256), tolerance=1)


def test_a_camera_of_twelve_bits_has_white_at_its_own_full_scale(load: Load) -> None:
    steps = np.linspace(0, 4095, 256).astype(np.uint16)
    page = load(encode(Image.fromarray(np.tile(steps, (8, 1))), "TIFF"))
    assert is_near(page.picture[0, :, 0], np.arange(256), tolerance=1)


def test_a_blank_sixteen_bit_page_stays_blank(load: Load) -> None:
    paper = 65000 + np.random.default_rng(5).integers(0, 300, (64, 64))
    page = load(encode(Image.fromarray(paper.astype(np.uint16)), "PNG"))
    assert page.picture.min() > 250


@pytest.mark.parametrize(("lowest", "highest"), [(0, 1), (0, 255), (-3, 5), (0, 1e9)])
def test_floats_are_scaled_by_their_range(load: Load, lowest: float, highest: float) -> None:
    steps = np.tile(np.linspace(lowest, highest, 64, dtype=np.float32), (8, 1))
    page = load(encode(Image.fromarray(steps), "TIFF"))
    assert page.picture[0, 0, 0] == 0
    assert page.picture[0, -1, 0] > 230
    assert (np.diff(page.picture[0, :, 0].astype(int)) >= 0).all()


def test_floats_that_are_no_numbers_are_paper(load: Load) -> None:
    values = np.zeros((16, 16), np.float32)
    values[3], values[5], values[7] = np.nan, np.inf, 1.0
    page = load(encode(Image.fromarray(values), "TIFF"))
    assert [page.picture[row, 0, 0] for row in (0, 3, 5, 7)] == [0, 255, 255, 255]


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_is_white_paper(load: Load, form: str) -> None:
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    picture.paste((0, 0, 255, 128), (0, 0, 20, 40))
    page = load(encode(picture, form, **LOSSLESS[form]))
    assert is_near(page.picture[5, 5], (127, 127, 255), tolerance=2)
    assert tuple(page.picture[5, 30]) == WHITE


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white_paper(load: Load, form: str) -> None:
    picture = Image.new("P", (40, 40), 0)
    picture.putpalette([9, 9, 9, 255, 0, 0])
    picture.paste(1, (0, 0, 20, 40))
    page = load(encode(picture, form, transparency=0))
    assert tuple(page.picture[5, 5]) == RED
    assert tuple(page.picture[5, 30]) == WHITE


def test_a_transparent_colour_of_a_png_is_white_paper(load: Load) -> None:
    page = load(encode(Image.new("RGB", (9, 9), (1, 2, 3)), "PNG", transparency=(1, 2, 3)))
    assert tuple(page.picture[5, 5]) == WHITE


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("text", ["Số hiệu: 4711", "Total: 12.50"])
@pytest.mark.parametrize("ink", [WHITE, (235, 235, 235), (255, 240, 120), (150, 220, 255)])
def test_light_letters_on_transparent_ground_show(
    load: Load, ink: tuple[int, int, int], text: str, form: str
) -> None:
    page = load(encode(letters((text, ink)), form, **LOSSLESS[form]))
    assert tuple(page.picture[1, 1]) == BLACK
    assert page.picture.max() > 230


def test_light_letters_beside_dark_ones_show_both(load: Load) -> None:
    both = letters(("Bên bán", WHITE), ("Bên mua", BLACK))
    page = load(encode(both, "PNG"))
    paper = int(page.picture[1, 1, 0])
    assert paper - int(page.picture.min()) > 90
    assert int(page.picture.max()) - paper > 90


def test_a_sheet_with_round_corners_is_on_white_paper(load: Load) -> None:
    sheet = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle((0, 0, 399, 299), 20, fill=(250, 250, 250, 255))
    draw.text((50, 50), "Hợp đồng lao động", BLACK, letters_of(24))
    page = load(encode(sheet, "PNG"))
    assert tuple(page.picture[0, 0]) == WHITE


def test_dark_letters_on_transparent_ground_are_on_white_paper(load: Load) -> None:
    page = load(encode(letters(("Quyết định", (30, 30, 90))), "PNG"))
    assert tuple(page.picture[1, 1]) == WHITE


def test_cmyk_jpegs_show_the_same_with_and_without_adobes_inversion(load: Load) -> None:
    ink = quarters().convert("CMYK")
    adobe = encode(ink, "JPEG", quality=95)  # Pillow writes what Adobe does: ink inverted, marked
    inverted = encode(ImageChops.invert(ink), "JPEG", quality=95)
    marker = inverted.index(b"\xff\xee")
    (length,) = struct.unpack(">H", inverted[marker + 2 : marker + 4])
    plain = inverted[:marker] + inverted[marker + 2 + length :]
    for content in (adobe, plain):
        assert is_near(corners(load(content).picture), [RED, GREEN, BLUE, WHITE], tolerance=12)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(load: Load, form: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    as_shot = quarters().transpose(undo[orientation]) if orientation > 1 else quarters()
    exif = Image.Exif()
    exif[274] = orientation
    page = load(encode(as_shot, form, exif=exif, **LOSSLESS.get(form, {})))
    assert page.picture.shape == (40, 80, 3)
    assert is_near(corners(page.picture), [RED, GREEN, BLUE, WHITE])


def test_a_picture_with_broken_exif_is_read_as_it_lies(load: Load) -> None:
    content = encode(quarters(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff\x00\x09broken")
    assert load(content).picture.shape == (40, 80, 3)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_the_page(load: Load, count: Count, form: str) -> None:
    later = [Image.new("RGB", (80, 40), "black"), noise(80, 40)]
    options = {**LOSSLESS.get(form, {}), "save_all": True, "append_images": later}
    content = encode(quarters(), form, **options)
    assert count(content) == 1
    assert is_near(corners(load(content).picture), [RED, GREEN, BLUE, WHITE])
    with pytest.raises(DocumentDamaged):
        load(content, page=2)


def test_a_jpeg_with_several_pictures_is_one_page(load: Load, count: Count) -> None:
    out = io.BytesIO()
    quarters().save(out, "MPO", save_all=True, append_images=[noise()], quality=95)
    assert count(out.getvalue()) == 1
    assert load(out.getvalue()).picture.shape == (40, 80, 3)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_picture_over_the_limit_is_refused_and_counted(
    load: Load, count: Count, form: str
) -> None:
    picture = Image.new("1" if form == "TIFF" else "L", (1500, 1500))
    content = encode(picture, form)
    assert count(content) == 1
    with pytest.raises(PageTooLarge) as refusal:
        load(content)
    assert refusal.value.facts["max_page_pixels"] == LIMITS.max_page_pixels


@pytest.mark.parametrize("side", [50_000, 2**31 - 1])
def test_a_header_that_promises_billions_of_pixels_is_not_believed(load: Load, side: int) -> None:
    content = bytearray(encode(Image.new("L", (5, 5)), "PNG"))
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    with pytest.raises(PageTooLarge):
        load(bytes(content))


def test_another_format_under_the_name_of_a_png_is_damaged(
    loader: PageLoader, tmp_path: Path
) -> None:
    path = tmp_path / "document"
    path.write_bytes(encode(quarters(), "GIF"))
    with pytest.raises(DocumentDamaged):
        loader.load(path, "image/png", 1)
    path.write_bytes(b"")
    with pytest.raises(DocumentDamaged):
        loader.count_pages(path, "image/png")
