"""A confidence is the chance of being right, so it must be able to come true."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from worker.ocr.networks.weights import (
    Card,
    WeightsError,
    bundled,
    load_card,
    save_card,
    save_weights,
    sha256_of,
)
from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration, chance_of_line
from worker.ocr.recognition.ctc import Characters, words_of

share = st.floats(0, 1)
calibrations = st.builds(
    Calibration, scale=st.floats(0, 10), exponent=st.floats(0.1, 10), floor=st.floats(0, 0.9)
)


@given(calibrations, st.lists(share, max_size=150))
def test_a_chance_lies_between_never_and_always(
    calibration: Calibration, sure: list[float]
) -> None:
    assert 0 <= calibration.chance(sure) <= 1


@given(calibrations, st.lists(share, max_size=20), share, share)
def test_a_surer_character_makes_no_word_less_sure(
    calibration: Calibration, others: list[float], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert calibration.chance([*others, low]) <= calibration.chance([*others, high])


def test_a_word_is_right_where_all_its_characters_are() -> None:
    assert UNCALIBRATED.chance([0.9, 0.5]) == pytest.approx(0.45)
    assert Calibration(scale=0.5).chance([0.9, 0.5]) == pytest.approx(0.95 * 0.75)


def test_a_line_is_less_sure_than_its_words_but_words_go_wrong_together() -> None:
    assert chance_of_line([0.8]) == pytest.approx(0.8)
    assert 0.8**10 < chance_of_line([0.8] * 10) < 0.8
    assert chance_of_line([]) == 0


@given(st.lists(share, min_size=1, max_size=60))
def test_no_line_is_surer_than_certain(chances: list[float]) -> None:
    assert 0 <= chance_of_line(chances) <= 1


def test_words_bear_their_own_chances() -> None:
    places = np.arange(4)
    line = Characters("ab c", np.full(4, 0.8), places, places + 1, np.array([0, 4]))
    (words,) = words_of(line, np.array([4])).spans(Calibration(exponent=2.0))
    assert [word.chance for word in words] == pytest.approx([0.96**2, 0.96])
    assert [word.confidence for word in words] == pytest.approx([0.8, 0.8])


def test_a_card_keeps_its_calibration(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_weights(nn.Linear(2, 2), path)
    shipped = load_card(bundled("vi-print"))
    card = replace(shipped, sha256=sha256_of(path), calibration={"scale": 0.5})
    save_card(card, path)
    assert load_card(path).calibrated == Calibration(scale=0.5)


@pytest.mark.parametrize("numbers", [{"scale": -1}, {"exponent": 0}, {"heat": 2}, {"floor": "x"}])
def test_a_card_whose_calibration_is_none_is_refused(
    tmp_path: Path, numbers: dict[str, object]
) -> None:
    path = tmp_path / "mine.safetensors"
    torch.save({}, path)
    told = asdict(Card("mine", "1", "recognizer", "", "", "", "", "")) | {"calibration": numbers}
    path.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(WeightsError):
        load_card(path)
