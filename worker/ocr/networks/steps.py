"""What a recogniser says of the time steps of its lines: of each the few classes that may count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_SURE = 0.995
NUM_BEST = 5
"""Classes of each time step that are told: the blank and the marks that a letter may bear."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The best classes (T, K) of each time step of a line, best first, and their probabilities.

    `profile` is where it has ink (`spacing.py`), then blanks, if a device made its picture.
    """

    classes: NDArray[np.int64]
    confidences: NDArray[np.float32]
    profile: NDArray[np.float32] | None = None


def best_of(chances: Tensor) -> tuple[Tensor, Tensor]:
    """The best classes of each time step (B, T, K), best first, and their chances.

    Where one is sure the others are left at 0: to sort all would cost as much as the language does.
    """
    return (_all_best if chances.is_cuda else _few_best)(chances)


def _few_best(chances: Tensor) -> tuple[Tensor, Tensor]:
    """Sorted where it is needed alone."""
    first = chances.max(2)
    classes = torch.zeros(*first.indices.shape, NUM_BEST, dtype=torch.int64, device=chances.device)
    confidences = torch.zeros_like(classes, dtype=chances.dtype)
    classes[:, :, 0], confidences[:, :, 0] = first.indices, first.values
    unsure = first.values < _SURE
    few = chances[unsure].topk(min(NUM_BEST, chances.shape[2]), 1)
    classes[unsure, : few.indices.shape[1]] = few.indices
    confidences[unsure, : few.values.shape[1]] = few.values
    return classes, confidences


def _all_best(chances: Tensor) -> tuple[Tensor, Tensor]:
    """The same without asking in between what is needed: a GPU would wait for each answer."""
    best = chances.topk(min(NUM_BEST, chances.shape[2]), 2)
    told = (best.values[:, :, :1] < _SURE).repeat(1, 1, best.values.shape[2])
    told[:, :, 0] = True
    room = (0, NUM_BEST - best.values.shape[2])
    classes = functional.pad(best.indices * told, room)
    return classes, functional.pad(best.values * told, room)
