"""Batches taken a second time where drawing cannot keep up with a GPU (Choi et al. 2019)."""

from __future__ import annotations

import random
from dataclasses import replace

import torch
from torch import Tensor

from training.batches import Batch

_KEPT = 128
"""Batches on the GPU that wait for their second time: 3 GB at most."""
_GAIN, _OFFSET, _NOISE = (0.75, 1.15), 24.0, 10.0
"""What a line is multiplied by, what is added to its 0 to 255, the most noise (one sigma)."""


class SecondTimes:
    """Batches that were seen once, each to be had once more, in another light."""

    def __init__(self, seed: int) -> None:
        """Keep nothing yet."""
        self._rng = random.Random(seed)
        self._kept: list[Batch] = []

    def __len__(self) -> int:
        """How many can be had."""
        return len(self._kept)

    def keep(self, batch: Batch) -> None:
        """Have a batch wait for its second time; it takes the place of another if there are many.

        Its images must be on the device where they are wanted.
        """
        if len(self._kept) == _KEPT:
            self._draw()
        self._kept.append(batch)

    def take(self) -> Batch:
        """Any batch that waits, which waits no more. Raises ValueError where none does."""
        batch = self._draw()
        return replace(batch, images=in_another_light(batch.images))

    def _draw(self) -> Batch:
        return self._kept.pop(self._rng.randrange(len(self._kept)))


def in_another_light(images: Tensor) -> Tensor:
    """The lines, (B, 48, W, 3) and uint8, each with a contrast, brightness and noise of its own."""
    shape = (len(images), 1, 1, 1)
    gain, offset, noise = (torch.rand(shape, device=images.device) for _ in range(3))
    least, most = _GAIN
    lit = (images.float() - 128) * (least + (most - least) * gain) + 128
    lit += _OFFSET * (2 * offset - 1)
    lit += torch.randn((*images.shape[:3], 1), device=images.device) * (_NOISE * noise)
    return lit.round_().clamp_(0, 255).to(torch.uint8)
