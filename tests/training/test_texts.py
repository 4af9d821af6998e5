"""What synthetic lines say: every family of documents, with or without the installed word lists."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from training.labels.prose import parted
from training.labels.text import Texts
from training.lines.families import FAMILIES, draw_family, family_named
from worker.ocr.recognition.charset import can_write

NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="module", params=[False, True], ids=["training", "held out"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(NOWHERE, random.Random(3), held_out=request.param)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_family_says_what_the_network_can_write(texts: Texts, family) -> None:
    for _ in range(200):
        text = texts.draw(family.text)
        assert text
        for cell in text.split("\t"):
            assert can_write(cell)
            assert cell == " ".join(cell.split())
        assert "|" not in text  # what looks like one in a crop is a rule


def test_rows_of_tables_have_columns(texts: Texts) -> None:
    assert sum("\t" in texts.draw("table") for _ in range(50)) > 40


def test_the_shares_of_the_families_are_whole() -> None:
    assert sum(family.share for family in FAMILIES) == pytest.approx(1)
    assert family_named(draw_family(random.Random(1)).name) in FAMILIES


def test_training_and_tests_share_no_sentence(tmp_path: Path) -> None:
    sentences = [f"Câu số {number} của một văn bản" for number in range(300)]
    (tmp_path / "statutes.txt").write_text("\n".join(sentences), encoding="utf-8")
    halves = [
        set(Texts(tmp_path, random.Random(3), held_out=held_out)._statutes)
        for held_out in (False, True)
    ]
    assert not halves[0] & halves[1]
    assert len(halves[0]) + len(halves[1]) == 300
    assert 10 < len(halves[1]) < 60


def test_spaces_that_a_pdf_lost_are_put_back() -> None:
    known = {"các", "khu", "công", "việc", "từ", "năm", "đến", "tù"}
    told = parted("cáckhu công việc;từ 05 năm đến05 năm tù made", known)
    assert told == "các khu công việc; từ 05 năm đến 05 năm tù made"
