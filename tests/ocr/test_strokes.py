"""I and l, which many fonts draw alike, are told by what stands around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from worker.ocr.reader import Reader
from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.strokes import told_apart


def told(line: str) -> str:
    words = [Span(text, 1.0, 0.0, 1.0) for text in line.split()]
    return " ".join(word.text for word in told_apart(words))


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("l agree to the terms", "I agree to the terms"),
        ("and then l went home", "and then I went home"),
        ("“l do not know”", "“I do not know”"),
        ("l'm sure that l've paid", "I'm sure that I've paid"),
        ("AIl of the biIls in IIlinois", "All of the bills in Illinois"),
        ("Bạn l hay WilI nộp đơn", "Bạn I hay Will nộp đơn"),
        ("ông MichaeI HiIl ký tên", "ông MichaeI Hill ký tên"),
    ],
)
def test_a_stroke_that_cannot_be_the_one_is_the_other(seen: str, meant: str) -> None:
    assert told(seen) == meant


@pytest.mark.parametrize(
    "line",
    [
        "mua 5 l nước mắm",
        "Dầu ăn l",
        "l) Các khoản khác",
        "k l m n",
        "à l'heure de l'école",
        "MSc. IELTS HCl KCl PHI",
        "Il y a userId và SQLITE",
        "Điều lệ HIỆN HÀNH VIII",
    ],
)
def test_what_may_be_either_stays_as_it_was_seen(line: str) -> None:
    assert told(line) == line


def test_a_word_that_was_changed_tells_what_was_seen() -> None:
    changed, kept = told_apart([Span("l", 1.0, 0.0, 0.1), Span("agree", 1.0, 0.2, 0.5)])
    assert (changed.text, changed.seen, kept.seen) == ("I", "l", "")


def drawn(lines: Sequence[str], font: str) -> Picture:
    """Lines of a form, each behind an empty check box."""
    face = ImageFont.truetype(FONTS / f"{font}.ttf", 26)
    image = Image.new("RGB", (1000, 80 + 60 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        top = 40 + 60 * number
        draw.rectangle((80, top + 4, 104, top + 28), outline="black", width=2)
        draw.text((118, top), line, "black", face)
    return np.asarray(image)


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif"])
@pytest.mark.parametrize(
    "lines",
    [
        ("I agree to the terms of business", "I do not want to be told", "All of the bills"),
        ("I. Thông tin người nộp đơn", "II. Cam kết của khách hàng", "PHẦN I: HIỆN TRẠNG"),
        ("I have read the notice", "I was told of the price", "Illinois and Alabama"),
    ],
)
def test_i_is_read_behind_a_check_box(reader: Reader, lines: Sequence[str], font: str) -> None:
    read = text_read(reader.read(drawn(lines, font)).page)
    assert read.split("\n") == [f"☐ {line}" for line in lines]
