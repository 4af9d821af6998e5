"""The synthetic lines that training never shows: other faces, other sentences, a fixed seed."""

from __future__ import annotations

from pathlib import Path

from training.lines.families import FAMILIES
from training.lines.real import LabelledLine
from training.lines.render import Renderer

TEST_SEED = 20_261
"""Of the lines that figures are reported on."""
FIT_SEED = 20_262
"""Of the lines that the calibration is fitted on."""
PER_FAMILY = 100


def held_out_lines(
    corpus: Path, seed: int = TEST_SEED, per_family: int = PER_FAMILY
) -> list[LabelledLine]:
    """As many lines of each family of documents; the same seed gives the same lines."""
    renderer = Renderer(corpus, seed, held_out=True)
    lines: list[LabelledLine] = []
    for family in FAMILIES:
        for number in range(per_family):
            line = renderer.draw(family)
            lines.append(LabelledLine(line.crop, line.text, family.name, f"{number}"))
    return lines
