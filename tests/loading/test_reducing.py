"""A photo far larger than the detector sees is decoded at a half, and told in its own pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.media import sniff
from tests.loading.conftest import LIMITS
from tests.loading.samples import written
from worker.loading.pool import LoadedPage, PageLoader

LARGE = 5001, 6901
"""Width and height of 34.5 million pixels, an odd number a side."""


@pytest.fixture(scope="module")
def loader() -> Iterator[PageLoader]:
    limits = replace(LIMITS, max_page_pixels=150_000_000)
    with PageLoader(limits, num_processes=1) as loader:
        yield loader


def photo(
    size: tuple[int, int], mode: str = "L", *, orientation: int = 1, form: str = "JPEG"
) -> bytes:
    """White, with its left upper quarter black."""
    picture = Image.new("L", size, "white")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2, size[1] // 2), "black")
    exif = Image.Exif()
    exif[274] = orientation
    file = io.BytesIO()
    picture.convert(mode).save(file, form, exif=exif)
    return file.getvalue()


def loaded(loader: PageLoader, folder: Path, content: bytes) -> LoadedPage:
    media_type = sniff(content)
    assert media_type is not None
    return loader.load(written(folder, content), media_type, 1)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_large_photo_is_decoded_at_a_half(loader: PageLoader, tmp_path: Path, mode: str) -> None:
    page = loaded(loader, tmp_path, photo(LARGE, mode))
    assert page.picture.shape == (3451, 2501, 3)
    assert page.full == (6901, 5001)
    dark = page.picture.mean(2) < 128
    assert dark[:1724, :1249].all() and not dark[1728:].any() and not dark[:, 1253:].any()


def test_one_that_lies_is_told_as_it_stands(loader: PageLoader, tmp_path: Path) -> None:
    page = loaded(loader, tmp_path, photo(LARGE, orientation=6))
    assert page.picture.shape == (2501, 3451, 3)
    assert page.full == (5001, 6901)


def test_one_still_larger_is_decoded_at_a_quarter(loader: PageLoader, tmp_path: Path) -> None:
    page = loaded(loader, tmp_path, photo((12_000, 11_400)))
    assert page.picture.shape == (2850, 3000, 3)
    assert page.full == (11_400, 12_000)


@pytest.mark.parametrize(
    ("size", "form"), [((4900, 6900), "JPEG"), ((800, 600), "JPEG"), (LARGE, "PNG")]
)
def test_others_are_decoded_as_they_are(
    loader: PageLoader, tmp_path: Path, size: tuple[int, int], form: str
) -> None:
    page = loaded(loader, tmp_path, photo(size, form=form))
    assert page.picture.shape == (size[1], size[0], 3)
    assert page.full == (size[1], size[0])


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_small_one_has_the_size_that_it_was_turned_to(
    loader: PageLoader, tmp_path: Path, form: str, orientation: int
) -> None:
    page = loaded(loader, tmp_path, photo((80, 60), orientation=orientation, form=form))
    assert page.full == page.picture.shape[:2]
    assert page.full == ((60, 80) if orientation == 1 else (80, 60))


def test_of_one_that_is_cut_short_there_is_what_was_there(
    loader: PageLoader, tmp_path: Path
) -> None:
    whole = photo(LARGE)
    page = loaded(loader, tmp_path, whole[: len(whole) // 2])
    assert page.damage is not None
    assert page.picture.shape == (3451, 2501, 3) and page.full == (6901, 5001)
    assert np.asarray(page.picture)[:500, :1000].max() < 128
