"""What `make bench` measures with comes with the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image

from bench import pages


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
