"""Pages that lie on their side, stand on their head or are tilted read as well as upright ones."""

from __future__ import annotations

import pytest

from tests.ocr.samples import picture_of, reads_as, text_of, text_read, tilted
from training.measuring.scoring import score_pages
from worker.ocr.detection.sheet import Rotation, turned
from worker.ocr.reader import Reader

pytestmark = pytest.mark.acceptance  # whole services, or many pages

_POINT = 0.01


def word_f1(reader: Reader, name: str, rotation: Rotation) -> float:
    page = reader.read(turned(picture_of(name), rotation)).page
    assert page.rotation == (360 - rotation) % 360
    return score_pages([(text_of(name), text_read(page))]).word_f1


@pytest.mark.parametrize("name", ["decree", "receipt", "columns"])
def test_a_turned_page_reads_as_well_as_the_upright_one(reader: Reader, name: str) -> None:
    upright = word_f1(reader, name, 0)
    for rotation in (90, 180, 270):
        assert word_f1(reader, name, rotation) > upright - _POINT


@pytest.mark.parametrize(
    ("name", "degrees"), [("receipt", 15), ("receipt", -10), ("columns", -15), ("columns", 4)]
)
def test_a_tilted_page_is_read_in_its_order(reader: Reader, name: str, degrees: float) -> None:
    assert reads_as(reader.read(tilted(picture_of(name), degrees)).page, name)
