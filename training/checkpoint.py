"""Saving a run so that it can go on after a stop, on another machine too: five files of a folder.

Each is under 15 MB. They are written into a new folder that then takes the place of the old one.
"""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from worker.ocr.networks.recognizer import Recognizer

_NAME = "checkpoint"
_DECAY = 0.999
"""Of what the average was, at each step."""
_MOMENTS = {"exp_avg": "first_moments", "exp_avg_sq": "second_moments"}
"""Of AdamW's state, by the file that each is in."""


@dataclass
class Progress:
    """How far a run is: optimiser steps, lines seen, seconds at work; and what went into it."""

    step: int = 0
    num_lines: int = 0
    seconds: float = 0.0
    start: str = ""
    """The name of the weights that it started from."""
    num_own: int = 0
    """Lines of one's own that are mixed in."""


class Average:
    """A moving average of the weights: steadier than the last step, and what is exported."""

    def __init__(self, model: Recognizer) -> None:
        """Start from the network's weights as they are."""
        self._source = list(model.parameters())
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        self._target = list(self.model.parameters())

    def update(self, step: int) -> None:
        """Move towards the trained weights; faster in the first steps."""
        decay = min(_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(self._target, self._source, 1 - decay)


def save_checkpoint(
    folder: Path,
    model: Recognizer,
    average: Average,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write the whole state of a run into its folder."""
    new, old = folder / (_NAME + ".new"), folder / (_NAME + ".old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    _save(model.state_dict(), new / "model.safetensors")
    _save(average.model.state_dict(), new / "average.safetensors")
    states = {name: optimiser.state[one] for name, one in model.named_parameters()}
    for key, name in _MOMENTS.items():
        moments = {name: state[key] for name, state in states.items() if state}
        _save(moments, new / f"{name}.safetensors")
    (new / "progress.json").write_text(json.dumps(asdict(progress)))
    if (folder / _NAME).exists():
        (folder / _NAME).rename(old)
    new.rename(folder / _NAME)
    shutil.rmtree(old, ignore_errors=True)


def has_checkpoint(folder: Path) -> bool:
    """Whether a run can go on from what lies in its folder."""
    return _current(folder).exists()


def load_checkpoint(
    folder: Path, model: Recognizer, average: Average, optimiser: torch.optim.Optimizer
) -> Progress:
    """Fill the three with a run's state. Raises FileNotFoundError if it has none."""
    current = _current(folder)
    progress = Progress(**json.loads((current / "progress.json").read_text()))
    model.load_state_dict(load_file(current / "model.safetensors"))
    average.model.load_state_dict(load_file(current / "average.safetensors"))
    moments = {key: load_file(current / f"{name}.safetensors") for key, name in _MOMENTS.items()}
    name_of = {id(one): name for name, one in model.named_parameters()}
    states = optimiser.state_dict()
    ordered = [one for group in optimiser.param_groups for one in group["params"]]
    states["state"] = {
        number: {
            "step": torch.tensor(float(progress.step)),
            **{key: found[name_of[id(one)]] for key, found in moments.items()},
        }
        for number, one in enumerate(ordered)
        if name_of[id(one)] in moments["exp_avg"]
    }
    optimiser.load_state_dict(states)
    return progress


def load_average(folder: Path) -> tuple[dict[str, Tensor], Progress]:
    """The averaged weights of a run, and how far it is."""
    current = _current(folder)
    progress = Progress(**json.loads((current / "progress.json").read_text()))
    return load_file(current / "average.safetensors"), progress


def _current(folder: Path) -> Path:
    """The checkpoint; the one before it where a run was stopped as they changed places."""
    current, old = folder / _NAME, folder / (_NAME + ".old")
    return old if old.exists() and not current.exists() else current


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    save_file({name: one.detach().cpu().contiguous() for name, one in tensors.items()}, path)
