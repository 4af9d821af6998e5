"""Lone rare marks at a line's ends that the recogniser is not sure of are specks."""

from __future__ import annotations

import pytest

from worker.ocr.recognition.ctc import Span
from worker.ocr.recognition.specks import without_specks


def kept(*words: tuple[str, float]) -> str:
    line = [Span(text, sure, n / 10, n / 10 + 0.08) for n, (text, sure) in enumerate(words)]
    return " ".join(word.text for word in without_specks(line))


def test_specks_go_from_both_ends() -> None:
    assert kept(("•", 0.5), ("°", 0.6), ("Hà", 0.99), ("Nội", 0.99), ("»", 0.4)) == "Hà Nội"


def test_a_line_of_specks_is_no_line() -> None:
    assert kept(("•", 0.7), ("×", 0.5)) == ""


@pytest.mark.parametrize("mark", ["-", ".", ":", "1", "Ô", "₫", "“"])
def test_common_marks_and_letters_stay_however_unsure(mark: str) -> None:
    assert kept((mark, 0.5), ("Hà", 0.99), (mark, 0.5)) == f"{mark} Hà {mark}"


def test_a_mark_that_is_sure_or_stands_within_the_line_stays() -> None:
    assert kept(("•", 0.95), ("3", 0.99), ("×", 0.5), ("4", 0.99)) == "• 3 × 4"
