"""The families of documents that lines are drawn for."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import ImageFont

from training.lines import rules
from training.lines.families import FAMILIES
from training.lines.typeset import Setting, extents, set_line
from training.wear.scenes import Scenes

FONT, SMALL = ImageFont.load_default(40), ImageFont.load_default(28)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return Scenes(random.Random(1), 1)


@pytest.mark.parametrize("scene", sorted({name for kind in FAMILIES for name in kind.scenes}))
def test_a_line_can_still_be_told_from_its_ground_in_every_scene(
    scenes: Scenes, scene: str
) -> None:
    ink = set_line("Tổng tiền\t11", Setting(FONT, columns=(60.0,)))
    for _ in range(20):
        worn = scenes.wear(ink.copy(), scene)
        assert worn.dtype == np.uint8
        assert worn.shape[2] == 3
        assert worn.std() > 2


def test_columns_stand_as_far_apart_as_they_are_told() -> None:
    def width(gap: float) -> int:
        _, left, _, right = extents(set_line("STT\t12", Setting(FONT, columns=(gap,))))
        return right - left

    assert width(300.0) - width(20.0) == 280


def test_a_till_draws_capitals_no_higher_than_small_letters() -> None:
    def height(**how: object) -> int:
        top, _, bottom, _ = extents(set_line("Xaxa", Setting(FONT, **how)))  # type: ignore[arg-type]
        return bottom - top

    assert height(small=SMALL) < height() * 0.85


def test_rules_stand_between_columns_and_not_in_letters() -> None:
    plain = set_line("aa\tbb", Setting(FONT, columns=(200.0,)))
    letters = plain.max(axis=0) > 40
    between = np.zeros_like(letters)
    first, last = np.flatnonzero(letters)[[0, -1]]
    between[first:last] = ~letters[first:last]
    rng, seen = random.Random(3), 0
    for _ in range(30):
        ruled = plain.copy()
        rules.draw_table(ruled, rng)
        bars = (ruled > plain).mean(axis=0) > 0.3
        seen += bool((bars & between).any())
        assert not (bars & letters).any()
    assert seen > 15
