"""Pictures of every kind become pages of a PDF: upright, as they looked, hardly larger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from shared.result import Page
from tests.formats.documents import DECREE, read_page, scan
from tests.formats.pdf_reading import drawn, made, pdftotext, saved
from tests.loading.samples import noise, quarters


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 90}),
        ("JPEG", "L", {"progressive": True}),
        ("PNG", "RGB", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_size_grows_by_a_tenth_and_the_font_at_most(
    form: str, mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    block = noise(400, 500).resize((1600, 2000))
    content = saved(block.convert(mode), form, **options)
    pdf = made(content, [read_page(DECREE * 4, 1600, 2000)], tmp_path)
    assert len(pdf) <= 1.1 * len(content) + 5_000


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_as_its_camera_was_held(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    upright = quarters(160, 80)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    stored = upright if undo is None else upright.transpose(undo)
    content = saved(stored, "JPEG", quality=95, exif=exif, dpi=(72, 72))
    page = Page(page=1, width=160, height=80, lines=())
    seen = drawn(made(content, [page], tmp_path))
    assert seen.shape[:2] == (80, 160)
    assert np.abs(seen - np.asarray(upright).astype(int)).mean() < 8


@pytest.mark.parametrize("form", ["HEIC", "AVIF", "JPEG2000"])
def test_what_phones_and_archives_store_looks_the_same(form: str, tmp_path: Path) -> None:
    heic = Path(__file__).parents[1] / "loading" / "data" / "turned.heic"
    content = heic.read_bytes() if form == "HEIC" else saved(quarters(80, 40), form)
    page = Page(page=1, width=80, height=40, lines=())
    seen = drawn(made(content, [page], tmp_path))
    expected = np.asarray(quarters(80, 40).resize((seen.shape[1], seen.shape[0]))).astype(int)
    assert np.abs(seen - expected).mean() < 12


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "CMYK", "P with transparency", "cut short"])
def test_pictures_that_pdf_does_not_know_are_coded_anew(mode: str, tmp_path: Path) -> None:
    picture = quarters(80, 40)
    if mode == "CMYK":
        content = saved(picture.convert("CMYK"), "TIFF", dpi=(72, 72))
    elif mode == "I;16":
        content = saved(picture.convert("L").convert("I;16"), "PNG", dpi=(72, 72))
    elif mode == "P with transparency":
        content = saved(picture.convert("P"), "PNG", transparency=0, dpi=(72, 72))
    elif mode == "cut short":
        content = saved(picture, "PNG", dpi=(72, 72))[:-14]
    else:
        content = saved(picture.convert(mode), "PNG", dpi=(72, 72))
    page = Page(page=1, width=80, height=40, lines=())
    seen = drawn(made(content, [page], tmp_path))
    assert seen.shape[:2] == (40, 80)
    assert seen[30, 20].min() >= 250 or mode == "I;16", "white, bottom left"


def test_every_page_of_a_fax_is_there_with_square_pixels(tmp_path: Path) -> None:
    frames = [scan(str(n)).convert("1").resize((1728, 1100)) for n in range(3)]
    options = {"save_all": True, "append_images": frames[1:], "compression": "group4"}
    content = saved(frames[0], "TIFF", dpi=(204, 98), **options)
    pages = [read_page([f"trang {n}"], 1728, 2290, number=n) for n in (1, 2, 3)]
    pdf = made(content, pages, tmp_path)
    assert pdftotext(pdf).split() == ["trang", "1", "trang", "2", "trang", "3"]
    width, height = pypdfium2.PdfDocument(pdf)[0].get_size()
    assert height / width == pytest.approx(2290 / 1728, rel=0.01)
    ink = drawn(pdf).min(axis=2) < 128
    assert 0 < ink.mean() < 0.2, "black on white, and not the other way round"
