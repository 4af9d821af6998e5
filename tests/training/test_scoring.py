"""Scoring: what counts as an error and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measuring.scoring import (
    by_kind,
    distance,
    normalise,
    score_lines,
    score_pages,
    strip_diacritics,
)

_TEXT = st.text(alphabet="aăâbđ ", max_size=80)


def test_quotes_dashes_dots_and_spaces_are_written_in_one_way() -> None:
    assert normalise(" “A”  –  ‘b’ — c… ") == "\"A\" - 'b' - c..."


def test_letters_made_of_two_code_points_equal_those_made_of_one() -> None:
    assert score_lines([("Việt", "Vie\u0323\u0302t")]).cer == 0


def test_the_stroke_of_d_counts_as_a_diacritic() -> None:
    assert strip_diacritics("Đường") == "Duong"


def test_a_distance_is_the_number_of_edits() -> None:
    assert distance("kitten", "sitting") == 3
    assert distance("", "abc") == distance("abc", "") == 3


@given(_TEXT, _TEXT)
def test_a_distance_is_that_of_the_textbook(a: str, b: str) -> None:
    assert distance(a, b) == _textbook(a, b)


def test_a_wrong_tone_is_an_error_of_diacritics_and_a_wrong_letter_is_not() -> None:
    assert score_lines([("má", "mà")]).der == score_lines([("má", "mà")]).cer == 0.5
    assert score_lines([("má", "ná")]).der == 0


def test_long_lines_weigh_more_than_short_ones() -> None:
    score = score_lines([("a" * 99, "a" * 99), ("b", "c")])
    assert score.cer == pytest.approx(0.01)
    assert score.exact == 0.5


def test_case_counts() -> None:
    assert score_lines([("Hà Nội", "HÀ NỘI")]).cer > 0


def test_kinds_are_scored_apart_and_together() -> None:
    scores = by_kind([("scan", ("ab", "ab")), ("photo", ("ab", "ac"))])
    assert list(scores) == ["scan", "photo", "all"]
    assert [score.cer for score in scores.values()] == [0, 0.5, 0.25]


def test_words_of_a_page_are_counted_as_often_as_they_stand_there() -> None:
    score = score_pages([("một một hai", "một hai ba")])
    assert score.word_f1 == pytest.approx(2 / 3)


def test_the_order_of_words_matters_to_cer_and_not_to_word_f1() -> None:
    score = score_pages([("một hai", "hai một")])
    assert score.word_f1 == 1
    assert score.cer > 0


def test_nothing_to_score_is_no_error() -> None:
    assert score_lines([]).cer == score_pages([]).cer == 0


def _textbook(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        above, row = row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]
