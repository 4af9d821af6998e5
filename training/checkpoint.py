"""Saving a run so that it can go on after a stop: one file, replaced in one move."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from training.ema import Average
from worker.ocr.networks.recognizer import Recognizer

_NAME = "checkpoint.pt"


@dataclass
class Progress:
    """How far a run is: optimiser steps, lines seen, seconds at work."""

    step: int = 0
    num_lines: int = 0
    seconds: float = 0.0


def save_checkpoint(
    folder: Path,
    model: Recognizer,
    average: Average,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the whole state of a run into its folder."""
    state = {
        "model": model.state_dict(),
        "average": average.model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "progress": asdict(progress),
    }
    unfinished = folder / (_NAME + ".new")
    torch.save(state, unfinished)
    os.replace(unfinished, folder / _NAME)


def load_checkpoint(
    folder: Path, model: Recognizer, average: Average, optimiser: torch.optim.Optimizer
) -> Progress:
    """Fill the three with a run's state. Raises FileNotFoundError if it has none."""
    state = torch.load(folder / _NAME, weights_only=True)
    model.load_state_dict(state["model"])
    average.model.load_state_dict(state["average"])
    optimiser.load_state_dict(state["optimiser"])
    return Progress(**state["progress"])


def load_average(folder: Path) -> tuple[dict[str, torch.Tensor], Progress]:
    """The averaged weights of a run, and how far it is."""
    state = torch.load(folder / _NAME, weights_only=True)
    return state["average"], Progress(**state["progress"])
