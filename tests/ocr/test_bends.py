"""Bent lines, as on the pages of a book: read like straight ones."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.ocr.drawn_tables import Paper, Picture
from tests.ocr.samples import text_read
from training.measuring.scoring import distance, normalise
from worker.ocr.detection.sheet import turned
from worker.ocr.reader import Reader

pytestmark = pytest.mark.acceptance  # whole services, or many pages

Shape = Callable[[np.ndarray], np.ndarray]
"""How far down a page is bent, by where along it, from -1 to 1."""

DECISION = (
    "Điều 1. Bổ nhiệm ông Trần Văn Mẫu giữ chức vụ Giám đốc Sở Tài chính kể từ ngày",
    "ký quyết định này, thời hạn giữ chức vụ là năm năm theo quy định của pháp luật.",
    "Điều 2. Chánh Văn phòng, Giám đốc Sở Nội vụ và ông Trần Văn Mẫu chịu trách nhiệm",
    "thi hành quyết định này và báo cáo kết quả trước ngày 30 tháng 6 năm 2026.",
)
LETTER = (
    "Thank you for your order of twelve wooden chairs, which we received on Monday last.",
    "We shall deliver the goods to your house within four weeks, between eight in the morning",
    "and noon, and we ask you to have somebody there who can sign for them on delivery.",
    "Please do not hesitate to write to us if the day does not suit you or your family.",
)
SHAPES: dict[str, Shape] = {
    "like an arch": lambda x: x**2,
    "like a bowl": lambda x: -(x**2),
    "like a wave": lambda x: 1.2 * (x**3 - 0.6 * x),
    "towards the spine": lambda x: np.exp(3 * (x - 1)),
}


def page_of(*lines: str) -> Picture:
    return Paper(480).gap(110).text(*lines).picture


def bent(picture: Picture, shape: Shape, depth: float) -> Picture:
    """The picture with each column moved down."""
    height, width = picture.shape[:2]
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = depth * shape(np.linspace(-1, 1, width))
    ys = (ys - moved + moved.mean()).astype(np.float32)
    return cv2.remap(picture, xs, ys, cv2.INTER_CUBIC, borderValue=(255, 255, 255)).astype(np.uint8)


def says(read: str, lines: tuple[str, ...]) -> bool:
    wanted = normalise("\n".join(lines))
    return distance(wanted, normalise(read)) <= 0.02 * len(wanted)


@pytest.mark.parametrize("depth", [45, 75])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lines", [DECISION, LETTER], ids=["Vietnamese", "English"])
def test_bent_lines_are_read_in_order(
    reader: Reader, lines: tuple[str, ...], shape: str, depth: float
) -> None:
    page = reader.read(bent(page_of(*lines), SHAPES[shape], depth)).page
    assert says(text_read(page), lines), text_read(page)
    assert page.warnings == ()


def test_bent_lines_of_a_page_on_its_head_are_read(reader: Reader) -> None:
    page = reader.read(turned(bent(page_of(*DECISION), SHAPES["like an arch"], 75), 180)).page
    assert page.rotation == 180
    assert says(text_read(page), DECISION)


def test_the_words_of_a_bent_line_are_where_their_ink_is(reader: Reader) -> None:
    picture = bent(page_of(*DECISION), SHAPES["like an arch"], 90)
    for line in reader.read(picture).page.lines:
        for word in line.words:
            corners = np.array(word.box)
            (left, top), (right, bottom) = corners.min(0).astype(int), corners.max(0).astype(int)
            inside = picture[max(0, top) : bottom, max(0, left) : right]
            assert inside.min() < 128, word.text
            assert bottom - top < 70, word.text
        xs, ys = np.array([word.box for word in line.words]).reshape(-1, 2).T
        box = np.array(line.box)
        assert box[:, 0].min() <= xs.min() + 1
        assert box[:, 0].max() >= xs.max() - 1
        assert box[:, 1].min() <= ys.min() + 1
        assert box[:, 1].max() >= ys.max() - 1


def test_straight_lines_have_no_bend(reader: Reader) -> None:
    assert says(text_read(reader.read(page_of(*DECISION)).page), DECISION)
