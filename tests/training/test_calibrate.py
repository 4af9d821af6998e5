"""Fitting confidences so that they come true, and measuring how far they do not."""

from __future__ import annotations

import random

import pytest

from training.export import measure
from training.lines.real import LabelledLine
from training.measuring.calibrate import ReadLine, calibration_error, fit, line_error, word_error
from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration
from worker.ocr.recognition.ctc import Character


def read(text: str, confidence: float = 0.9) -> list[Character]:
    return [Character(char, confidence) for char in text]


def test_chances_that_come_true_have_no_error() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([1.0] * 4, [True, True, False, False]) == pytest.approx(0.5)


def test_a_word_is_right_where_the_line_has_it_in_its_place() -> None:
    line = ReadLine("Số nhà 12 phố Huế", read("Số nha 12 Huế"))
    assert line.right_words == [True, False, True, True]
    assert not line.is_right


def test_three_dots_are_one_character_and_right() -> None:
    assert ReadLine("Tên: ...", read("Tên: …")).is_right


def test_a_network_that_is_too_sure_is_believed_less() -> None:
    draw = random.Random(5)
    lines = []
    for _ in range(2000):
        doubt = draw.uniform(0, 0.5)
        # It says p and is right with 1 - 1.6 (1 - p).
        right = draw.random() < 1 - 1.6 * doubt
        lines.append(ReadLine("a" if right else "b", read("a", 1 - doubt)))
    fitted = fit(lines)
    assert fitted.chance([0.8]) == pytest.approx(0.68, abs=0.04)
    assert word_error(lines, fitted) < 0.03 < 0.1 < word_error(lines, UNCALIBRATED)
    assert line_error(lines, fitted) < line_error(lines, None)


def test_the_card_tells_figures_by_kind() -> None:
    lines = [LabelledLine(None, "ab", "scan"), LabelledLine(None, "cd", "photo")]  # type: ignore[arg-type]
    seen = [ReadLine("ab", read("ab")), ReadLine("cd", read("cx"))]
    told = measure("real", lines, seen, Calibration())
    assert told["real_lines_cer"] == 0.25
    assert told["real_scan_cer"] == 0
    assert told["real_photo_cer"] == 0.5
    assert 0 <= told["real_lines_ece"] <= 1
