"""What `make bench` measures with comes with the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image

from bench import pages
from bench.gpu import pack


def test_the_pages_are_drawn_alike_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    drawn, again = (pages.draw_pages(tmp_path / folder) for folder in ("a", "b"))
    assert len(drawn) == 4
    for one, other in zip(drawn, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
        with Image.open(one) as picture:
            dark = np.asarray(picture.convert("L")) < 128
        assert 0.01 < dark.mean() < 0.3, one.name


def test_their_font_has_every_letter() -> None:
    texts = (pages.TITLE, *pages.SENTENCES, *pages.GOODS, *pages.BUTTONS, "QUÁN HOA SỮA TỔNG đ")
    wanted = set("".join(texts))
    assert wanted <= {chr(code) for code in TTFont(pages.FONT).getBestCmap()}


def test_the_archive_for_a_gpu_has_each_program_and_a_pin_for_what_it_carries() -> None:
    paths = set(pack.tracked())
    assert {"bench/gpu/parts.py", "worker/ocr/reader.py", "tests/ocr/test_gpu.py"} <= paths
    assert {"tests/ocr/conftest.py", "worker/ocr/weights/vi-print.safetensors"} <= paths
    # The conftest of all tests needs a store and more packages than are carried.
    assert not [path for path in paths if path.startswith(("docs/", "tests/api/", "tests/conf"))]
    names = [pinned.partition("==")[0].lower() for pinned in pack.requirements()]
    assert names == pack.CARRIED.lower().split()


def test_photos_are_of_one_size_and_each_has_words_of_its_own(tmp_path: Path) -> None:
    photos = [np.asarray(Image.open(path)) for path in pages.draw_photos(tmp_path, 3)]
    assert {photo.shape for photo in photos} == {(991, 770, 3)}
    assert (photos[0] != photos[1]).mean() > 0.1
    assert pages.images_in(tmp_path) == sorted(tmp_path.iterdir())
