"""From time steps to words."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ocr.recognition.charset import CHARACTERS
from worker.ocr.recognition.ctc import Character, Span, characters_of, confidence_of, words_of


def steps(text: str) -> np.ndarray:
    """Classes of time steps: `_` is the blank."""
    return np.array([0 if one == "_" else CHARACTERS.index(one) + 1 for one in text])


def decoded(text: str) -> list[Character]:
    return characters_of(steps(text), np.full(len(text), 0.9), CHARACTERS)


def spans(text: str) -> list[Span]:
    return words_of(decoded(text), len(text))


def test_runs_are_one_character_and_blanks_part_equal_ones() -> None:
    assert "".join(one.text for one in decoded("__xxăă_nn_n__g")) == "xănng"


def test_a_character_is_as_sure_as_its_surest_step() -> None:
    (one,) = characters_of(steps("aaa"), np.array([0.5, 0.8, 0.6]), CHARACTERS)
    assert one == Character("a", 0.8, 0, 3)


def test_words_are_parted_by_spaces_however_many() -> None:
    assert [word.text for word in spans("_ _m_ộ_t_ _ _h_a_i_ _")] == ["một", "hai"]


def test_words_lie_in_order_and_do_not_reach_past_the_space_between_them() -> None:
    first, second = spans("__m_ộ_t__ __h_a_i__")
    assert 0 <= first.start < first.end <= 9.5 / 19 <= second.start < second.end <= 1


def test_an_ellipsis_is_written_as_three_dots() -> None:
    assert [word.text for word in spans("v_v_…")] == ["vv..."]


def test_nothing_read_is_no_words_and_no_confidence() -> None:
    assert spans("____") == []
    assert confidence_of([]) == 0.0


def test_a_lines_confidence_is_the_mean_of_its_characters() -> None:
    words = [Span("một", 0.8, 0.0, 0.3), Span("a", 0.4, 0.4, 0.5)]
    assert confidence_of(words) == pytest.approx(0.7)


def test_a_part_of_a_line_lies_within_its_share_of_it() -> None:
    assert Span("a", 1.0, 0.5, 1.0).within(0.2, 0.6) == Span("a", 1.0, 0.4, 0.6)


@given(st.lists(st.integers(0, len(CHARACTERS)), max_size=60))
def test_any_steps_give_nfc_words_within_the_line(classes: list[int]) -> None:
    decoded = characters_of(np.array(classes, int), np.ones(len(classes)), CHARACTERS)
    for word in words_of(decoded, max(1, len(classes) - 3)):
        assert word.text
        assert unicodedata.is_normalized("NFC", word.text)
        assert 0 <= word.start <= 1
        assert 0 <= word.end <= 1
