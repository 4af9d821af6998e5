"""Marks in doubt are decided by what Vietnamese writes; nothing else is touched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import pytest

from tests.ocr.samples import picture_of
from worker.ocr.networks.steps import NUM_BEST
from worker.ocr.reader import Reader
from worker.ocr.recognition.charset import CHARACTERS
from worker.ocr.recognition.ctc import Span, words_of
from worker.ocr.recognition.language import FILE, codes_of, vietnamese
from worker.ocr.recognition.marks import decode

Sight = Sequence[str | Mapping[str, float]]
"""A line as it is seen: sure letters, and in between the chances of what one letter may be."""


def words(*sight: str | Mapping[str, float], with_language: bool = True) -> list[Span]:
    """Decode a line: each letter has a time step of its own, and a blank after it."""
    rows: list[dict[str, float]] = []
    for part in sight:
        letters = [{letter: 1.0} for letter in part] if isinstance(part, str) else [dict(part)]
        for letter in letters:
            rows += [letter, {}]
    classes = np.zeros((len(rows), NUM_BEST), int)
    chances = np.zeros((len(rows), NUM_BEST))
    for step, row in enumerate(rows):
        best = sorted(row.items(), key=lambda item: -item[1]) or [("", 1.0)]
        for rank, (letter, chance) in enumerate(best):
            classes[step, rank] = CHARACTERS.index(letter) + 1 if letter else 0
            chances[step, rank] = chance
    decoded = decode([classes], [chances], CHARACTERS, vietnamese() if with_language else None)
    (found,) = words_of(decoded, np.array([len(rows)])).spans()
    return found


def text(*sight: str | Mapping[str, float], with_language: bool = True) -> str:
    return " ".join(word.text for word in words(*sight, with_language=with_language))


def test_a_mark_in_doubt_is_the_one_that_vietnamese_writes() -> None:
    assert text("T", {"Ỗ": 0.55, "Ổ": 0.4}, "NG TI", {"Ể": 0.5, "Ề": 0.45}, "N") == "TỔNG TIỀN"


def test_two_letters_that_only_together_make_sense_change_together() -> None:
    seen = ("V", {"U": 0.6, "Ư": 0.35}, {"O": 0.6, "Ơ": 0.35}, "NG")
    assert text("KINH D", *seen[1:], " ", *seen) == "KINH DƯƠNG VƯƠNG"


def test_a_stroke_through_d_is_a_mark_too() -> None:
    assert text("người ", {"đ": 0.6, "d": 0.3}, "ân nghèo") == "người dân nghèo"


@pytest.mark.parametrize(
    "sight",
    [
        ("năm 20", {"7": 0.5, "1": 0.49}, "1"),
        ("CETAPH", {"i": 0.5, "I": 0.49}, "L"),
        ("tr", {"o": 0.5, "a": 0.49}, "n"),
        ("Rom", {":": 0.5, ".": 0.49}),
        ("a", {"-": 0.5, " ": 0.49}, "n"),
    ],
)
def test_digits_cases_letters_and_signs_stay_as_they_were_seen(
    sight: Sequence[str | Mapping[str, float]],
) -> None:
    assert words(*sight) == words(*sight, with_language=False)


@pytest.mark.parametrize(
    "sight",
    [
        ("Tên người chuyển: DO D", {"U": 0.986, "Ụ": 0.014}, "C CUONG"),
        ("Tên người hưởng: HO NG", {"O": 0.91, "Ọ": 0.08}, "C NAM"),
        ("Nội dung: NGO XUAN PH", {"U": 0.97, "Ụ": 0.02}, "C chuyen tien"),
        ("kính chào: Kh", {"a": 0.9, "á": 0.08}, "ch hang"),
        ("NGUYEN V", {"Ă": 0.6, "A": 0.38}, "N CUONG chuyen tien"),
    ],
)
def test_print_without_marks_gets_none(sight: Sequence[str | Mapping[str, float]]) -> None:
    bare = "".join(
        part if isinstance(part, str) else min(part, key=lambda letter: letter.encode())
        for part in sight
    )
    assert text(*sight) == bare
    *_, doubted = [word for word in words(*sight) if word.confidence < 1]
    assert doubted.chance > 0.35


def test_one_word_between_others_with_marks_still_gets_its_own() -> None:
    assert text("điểm t", {"i": 0.9, "í": 0.09}, "ch lũy trên") == "điểm tích lũy trên"


def test_words_that_need_no_marks_say_nothing_against_one() -> None:
    assert text("cho kh", {"a": 0.9, "á": 0.08}, "ch") == "cho khách"
    assert text("theo quy đ", {"i": 0.8, "ị": 0.15}, "nh") == "theo quy định"


def test_what_was_seen_for_sure_stays_whatever_it_spells() -> None:
    assert text("CẬP NHẶT MẬT KHẢU RUÀ") == "CẬP NHẶT MẬT KHẢU RUÀ"


def test_a_word_tells_what_the_network_alone_said() -> None:
    changed, kept = words("T", {"Ỗ": 0.55, "Ổ": 0.4}, "NG c", {"ộ": 0.7, "ổ": 0.2}, "ng")
    assert (changed.text, changed.seen) == ("TỔNG", "TỖNG")
    assert (kept.text, kept.seen) == ("cộng", "")


def test_a_letter_that_the_language_chose_is_as_sure_as_it_stands_out() -> None:
    (clear,) = words("T", {"Ỗ": 0.55, "Ổ": 0.4}, "NG")
    (open_,) = words("m", {"á": 0.3, "ã": 0.3, "ạ": 0.3})
    assert 0.5 < clear.chance <= 0.95
    assert open_.chance < 0.6


def test_more_than_a_lines_height_of_nothing_between_two_letters_is_a_space() -> None:
    far, near = ({}, {}, {}, {}, {}, {}), ({}, {})  # a blank each, and one after it
    assert text("Tổng", *far, "16.000") == "Tổng 16.000"
    assert text("Tổng", *near, "16.000") == "Tổng16.000"


def test_the_chances_of_all_characters_after_others_make_one() -> None:
    language, codes = vietnamese(), range(1, 1 << 7)
    for before in ("n", "đượ", "không ", "tổng số tiề", "xqz", ""):
        context = 0
        for code in codes_of(before[-5:]):
            context = context << 7 | code
        total = sum(math.exp(language.chance(context, code)) for code in codes)
        assert total == pytest.approx(1, abs=0.12), before


def test_the_model_is_small() -> None:
    assert FILE.stat().st_size < 3_000_000


def test_a_page_is_read_with_the_language_unless_told_otherwise(reader: Reader) -> None:
    page = picture_of("decree")
    small = cv2.resize(page, None, fx=0.36, fy=0.36, interpolation=cv2.INTER_AREA)
    seen, decided = (one.read(small).page for one in (reader.without_language(), reader))
    assert not any(word.alternatives for line in seen.lines for word in line.words)
    changed = [word for line in decided.lines for word in line.words if word.alternatives]
    assert changed
    alone = {word.text for line in seen.lines for word in line.words}
    assert all(alternative in alone for word in changed for alternative in word.alternatives)
