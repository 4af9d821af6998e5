"""What a narrow gap cut out of a syllable is joined again, and words that are two stay two."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.ocr.drawn_tables import FONTS, Picture
from tests.ocr.samples import text_read
from worker.ocr.reader import Reader
from worker.ocr.recognition import syllables
from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.language import vietnamese
from worker.ocr.recognition.syllables import whole_syllables

_FACE = ImageFont.truetype(FONTS / "DejaVuSans.ttf", 38)


def joined(written: str, *gaps: float) -> str:
    """The words as they come out; a gap is 1 where the spaces of the line are, if none is given."""
    words, start, spans = written.split(), 0.0, []
    for word, gap in zip(words, [*gaps, *[1.0] * len(words)], strict=False):
        spans.append(Span(word, 1.0, start, start + 0.01 * len(word)))
        start = spans[-1].end + 0.01 * gap
    return " ".join(span.text for span in whole_syllables(spans, vietnamese()))


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("KHU NGHỈ DƯ ỠNG BIỂN", "KHU NGHỈ DƯỠNG BIỂN"),
        ("Chủ thẻ đ ược sử dụng", "Chủ thẻ được sử dụng"),
        ("Nhà trư ờng, phụ huynh và học sinh", "Nhà trường, phụ huynh và học sinh"),
        ("theo quyết đ ịnh (ngh iệp vụ) của S Ở", "theo quyết định (nghiệp vụ) của S Ở"),
        ("Th ư ờng trực Hội đồng", "Thường trực Hội đồng"),
    ],
)
def test_parts_of_a_syllable_are_joined(written: str, whole: str) -> None:
    assert joined(written) == whole


@pytest.mark.parametrize(
    "written",
    [
        "Điều khoản và điều kiện sử dụng dịch vụ",
        "điểm a khoản 2 Điều 5, nhóm S ở tầng 3",
        "vitamin B ở dạng viên, mục Đ ông bà, hàng C ông Nam",
        "TP HCM, UBND các tỉnh, ý a, ô B",
        "The office staff found a café in the old town",
        "anh ấy ủ ê, ít ai yêu em ở Ý",
    ],
)
def test_words_that_are_two_stay_two(written: str) -> None:
    assert joined(written) == written


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("Pa per", "Paper"),
        ("Par king fee,", "Parking fee,"),
        ("(Com pany) seal", "(Company) seal"),
        ("CUS TO MER COPY", "CUSTOMER COPY"),
        ("“Pa per”", "“Paper”"),
        ("–Com pany’s…", "–Company’s…"),
    ],
)
def test_parts_of_an_english_word_are_joined(written: str, whole: str) -> None:
    narrow = [0.3] * (len(written.split()) - len(whole.split()))
    assert joined(written, *narrow) == whole
    assert joined(written, *[0.6] * len(narrow)) == written


@pytest.mark.parametrize("written", ["Pa, per", "a way", "pa Per", "Sa tan", "san pham", "c ò"])
def test_what_is_no_english_word_stays_as_it_is(written: str) -> None:
    gap = 0.5 if written == "Sa tan" else 0.1
    assert joined(written, gap) == written


def test_the_narrower_the_gap_the_sooner_it_is_none() -> None:
    assert joined("tại S ở Tài chính thành phố") == "tại S ở Tài chính thành phố"
    assert joined("tại S ở Tài chính thành phố", 1.0, 0.4) == "tại Sở Tài chính thành phố"
    assert joined("KHU NGHỈ DƯ ỠNG BIỂN", 1.0, 1.0, 1.5) == "KHU NGHỈ DƯ ỠNG BIỂN"


def test_what_was_seen_is_an_alternative_and_the_places_are_those_of_the_parts() -> None:
    parts = [
        Span("Nghỉ", 1.0, 0.0, 0.3),
        Span("dư", 0.9, 0.4, 0.5, 0.8),
        Span("ỡng,", 0.6, 0.55, 1),
    ]
    _, whole = whole_syllables(parts, vietnamese())
    assert (whole.text, whole.seen, whole.start, whole.end) == ("dưỡng,", "dư ỡng,", 0.4, 1)
    assert whole.chance == 0.8 and 0.6 < whole.confidence < 0.9
    assert whole_syllables(parts, None) == parts


def test_a_line_of_thousands_of_parts_is_gone_through_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    surplus, num_asked = syllables._surplus, [0]

    def counted(*asked: Any) -> float:
        num_asked[0] += 1
        return surplus(*asked)

    monkeypatch.setattr(syllables, "_surplus", counted)
    assert joined("Chủ thẻ đ ược sử dụng " * 300).count("được") == 300
    assert num_asked[0] < 3 * 3 * 2100


def spaced(text: str, gap: float) -> Picture:
    """A line with a gap, in ems, on both sides of each letter with marks, as some fonts draw it."""
    page = Image.new("RGB", (1700, 140), "white")
    x = 60.0
    for letter, after in pairwise(text + " "):
        ImageDraw.Draw(page).text((x, 45), letter, "black", _FACE)
        is_gap = " " not in (letter, after) and not (letter + after).isascii()
        x += _FACE.getlength(letter) + gap * 38 * is_gap
    return np.asarray(page)


@pytest.mark.parametrize(
    "text",
    [
        "SỬ DỤNG DỊCH VỤ NGHỈ DƯỠNG",
        "Chủ tịch Ủy ban nhân dân quận Bình Thạnh quyết định",
        "Người lao động được nghỉ phép mười hai ngày",
    ],
)
def test_letters_that_stand_apart_are_read_as_words(reader: Reader, text: str) -> None:
    assert text_read(reader.read(spaced(text, 0.2)).page) == text


def test_english_with_letters_apart_is_left_as_it_is_seen(reader: Reader) -> None:
    text = "The old café in Harbour Road is closed"
    assert text_read(reader.read(spaced(text, 0.0)).page) == text
