"""The list of English words knows words, keeps none of them, and is what its card says."""

from __future__ import annotations

import pytest

from training.english import checksums_of
from worker.ocr.recognition.english import checksum_of, is_english


@pytest.mark.parametrize("word", ["paper", "Parking", "COMPANY", "colour", "color", "invoice"])
def test_words_are_known_in_any_case(word: str) -> None:
    assert is_english(word)


@pytest.mark.parametrize("word", ["pany", "sanpham", "quyet", "thanhtoan", "zzzz", "per", ""])
def test_what_is_none_is_not(word: str) -> None:
    assert not is_english(word)


def test_a_list_is_made_of_words_of_letters() -> None:
    made = checksums_of(["paper", "Paper", "paper's", "per", "NATO", "café", "parking"])
    assert made.tolist() == sorted([checksum_of("paper"), checksum_of("parking")])
