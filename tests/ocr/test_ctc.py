"""From time steps to words."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ocr.recognition.charset import CHARACTERS
from worker.ocr.recognition.ctc import Characters, Span, characters_of, confidence_of, words_of


def steps(text: str) -> np.ndarray:
    """Classes of time steps: `_` is the blank."""
    return np.array([0 if one == "_" else CHARACTERS.index(one) + 1 for one in text], int)


def decoded(*texts: str) -> Characters:
    sure = [np.full(len(text), 0.9) for text in texts]
    return characters_of([steps(text) for text in texts], sure, CHARACTERS)


def spans(text: str) -> list[Span]:
    (words,) = words_of(decoded(text), np.array([len(text)])).spans()
    return words


def test_runs_are_one_character_and_blanks_part_equal_ones() -> None:
    assert "".join(decoded("__xxăă_nn_n__g").texts) == "xănng"


def test_a_character_is_as_sure_as_its_surest_step() -> None:
    one = characters_of([steps("aaa")], [np.array([0.5, 0.8, 0.6])], CHARACTERS)
    assert [*one.texts, *one.confidences, *one.starts, *one.ends] == ["a", 0.8, 0, 3]


def test_lines_that_are_decoded_together_are_as_if_each_was_alone() -> None:
    texts = ["m_ộ_t_ _h_a_i", "", "____", "i_ _x", "x", "_ _ ", "_b_a_______c"]
    together = words_of(decoded(*texts), np.array([max(1, len(text)) for text in texts])).spans()
    assert together == [spans(text) if text else [] for text in texts]
    assert [[word.text for word in line] for line in together] == [
        ["một", "hai"],
        [],
        [],
        ["i", "x"],
        ["x"],
        [],
        ["ba", "c"],
    ]


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
    line, sure = np.array(classes, int), np.ones(len(classes))
    decoded = characters_of([line], [sure], CHARACTERS)
    (words,) = words_of(decoded, np.array([max(1, len(classes) - 3)])).spans()
    for word in words:
        assert word.text
        assert unicodedata.is_normalized("NFC", word.text)
        assert 0 <= word.start <= 1
        assert 0 <= word.end <= 1
