"""From the picture of a text line to what the recogniser sees, in training and serving alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

Picture: TypeAlias = NDArray[np.uint8]

HEIGHT = 48
WIDTH_STEP = 32
"""Pixels. Few enough widths to fill batches, small enough that padding costs little."""
MIN_WIDTH = 32
MAX_WIDTH = 3200
"""Pixels. A line of 120 characters is about 2,400 wide; what is wider is squeezed."""
_PADDING = 127  # 0 after normalising, the value that the network's own convolutions pad with


def natural_width(height: int, width: int) -> int:
    """The width in pixels of a `height` x `width` crop once it is 48 high."""
    return max(1, min(MAX_WIDTH, round(width * HEIGHT / height)))


def padded_width(width: int) -> int:
    """Round a width up to the grid. It depends on the line alone, never on its batch mates.

    The network's attention sees the padding, so a width that depended on the batch would make a
    line's text depend on what else is read at the same time.
    """
    return max(MIN_WIDTH, -(-width // WIDTH_STEP) * WIDTH_STEP)


def prepare(crop: Picture) -> Picture:
    """Scale an RGB crop (H, W, 3) to BGR (48, W', 3), W' the padded width."""
    height, width = crop.shape[:2]
    target = natural_width(height, width)
    shrinks = height > HEIGHT
    scaled = cv2.resize(
        crop, (target, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    prepared = np.full((HEIGHT, padded_width(target), 3), _PADDING, np.uint8)
    prepared[:, :target] = scaled[:, :, ::-1]
    return prepared


def to_tensor(prepared: Sequence[Picture]) -> torch.Tensor:
    """Stack prepared lines of one width into a float tensor (B, 3, 48, W') in -1..1."""
    stacked = torch.from_numpy(np.stack(prepared))
    return stacked.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
