"""How fast a run learns, along its time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from training.train import Training


def rate(step: int, fraction: float) -> float:
    """The factor on the rates after so many steps, when this share of the time is over."""
    run: Any = SimpleNamespace(_progress=SimpleNamespace(step=step), _fraction=lambda: fraction)
    return Training._rate(run)


def test_a_short_run_warms_up_in_a_part_of_its_time() -> None:
    assert rate(0, 0.0) < 0.01
    assert rate(20, 0.1) > 0.9, "ten minutes of tuning, in which there are two hundred steps"
    assert rate(400, 0.001) > 0.9, "a long run on a fast device"
    assert rate(200, 1.0) < 0.02
