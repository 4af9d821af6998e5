"""Where PDFium, and so Chromium's viewer, finds words and ink on a page, in a result's pixels."""

from __future__ import annotations

import numpy as np
import pypdfium2

from shared.result import Page
from worker.loading.pdf.characters import Rectangle, to_pixels


def words_on(shown: pypdfium2.PdfPage, page: Page) -> list[tuple[str, Rectangle]]:
    """The words that can be copied from a page of a PDF, in their order, with their places."""
    place_of = to_pixels(shown.raw, page.width, page.height)
    text_page = shown.get_textpage()
    words: list[tuple[str, Rectangle]] = []
    is_between = True
    for index in range(text_page.count_chars()):
        letter = text_page.get_text_range(index, 1)
        if not letter.strip():
            is_between = True
            continue
        place = place_of(text_page.get_charbox(index, loose=True))
        if is_between:
            words.append((letter, place))
        else:
            text, before = words[-1]
            words[-1] = (text + letter, _around(before, place))
        is_between = False
    return words


def ink(shown: pypdfium2.PdfPage, page: Page) -> np.ndarray:
    """Which pixels (H, W) of a result's page are dark."""
    picture = shown.render(scale=page.width / shown.get_width()).to_numpy()
    return picture[: page.height, : page.width, :3].min(axis=2) < 110


def _around(one: Rectangle, other: Rectangle) -> Rectangle:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )
