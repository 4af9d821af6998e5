"""The process that makes a searchable PDF fails by itself and takes nobody along."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from shared.formats.pdf_process import FileFailed, Order, made_file
from shared.media import PDF, sniff
from shared.result import Page
from tests.formats.documents import DECREE, PICTURE_DRAWN, Letters, document, read_page, scan
from tests.formats.pdf_reading import MAX_PIXELS, copied, saved
from tests.loading.samples import noise

LETTERS = Letters("".join(DECREE))


def order(tmp_path: Path, content: bytes, page: Page, **limits: int) -> Order:
    (tmp_path / "source").write_bytes(content)
    (tmp_path / "page").write_text(page.model_dump_json(), encoding="utf-8")
    media_type = sniff(content) or PDF
    given = {"max_page_pixels": MAX_PIXELS, "max_memory_bytes": 2 * 1024**3} | limits
    return Order(str(tmp_path / "source"), media_type, [str(tmp_path / "page")], **given)


def test_the_process_makes_the_same_pdf(tmp_path: Path) -> None:
    content = document([PICTURE_DRAWN], LETTERS, picture=scan())
    with made_file(order(tmp_path, content, read_page(DECREE))) as file:
        assert copied(file.read()).split() == " ".join(DECREE).split()


def test_a_process_that_fails_or_wants_too_much_is_told_apart_from_one_that_works(
    tmp_path: Path,
) -> None:
    bomb = saved(Image.new("1", (20_000, 20_000)), "PNG")
    for content, limits in (
        (b"%PDF-1.4\n", {}),
        (bomb, {"max_page_pixels": 1000}),
        (saved(noise(3000, 2000), "BMP"), {"max_memory_bytes": 150 * 1024**2}),
    ):
        with (
            pytest.raises(FileFailed),
            made_file(order(tmp_path, content, read_page([]), **limits)),
        ):
            pass
