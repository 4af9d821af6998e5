"""The moving average of the weights: steadier than the last step, and what is exported."""

from __future__ import annotations

import copy

import torch

from worker.ocr.networks.recognizer import Recognizer

_DECAY = 0.999


class Average:
    """A copy of a network whose weights trail those that are trained."""

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
