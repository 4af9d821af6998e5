"""From the picture of a text line to what the recogniser sees, in training and serving alike."""

from __future__ import annotations

import functools
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
PADDING = 127
"""0 after normalising, the value that the network's own convolutions pad with."""


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
    room = padded_width(target) - target
    bgr = cv2.cvtColor(scaled, cv2.COLOR_RGB2BGR, dst=scaled)
    paper = (PADDING, PADDING, PADDING)
    prepared = cv2.copyMakeBorder(bgr, 0, 0, 0, room, cv2.BORDER_CONSTANT, value=paper)
    return np.asarray(prepared, np.uint8)


def to_tensor(
    prepared: Sequence[Picture],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """Stack prepared lines of one width into a tensor (B, 3, 48, W') in -1..1, channels last.

    They go to a GPU as bytes and become numbers there; on a processor by a table, in one pass.
    """
    stacked = np.stack(prepared)
    if torch.device(device).type == "cuda":
        on_device = torch.from_numpy(stacked).pin_memory().to(device, non_blocking=True)
        return normalised(on_device.permute(0, 3, 1, 2)).to(dtype)
    flat = cv2.LUT(stacked.reshape(-1, *stacked.shape[2:]), _values(dtype))
    return torch.from_numpy(flat).view(dtype).view(stacked.shape).permute(0, 3, 1, 2)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels in 0..255 to -1..1."""
    return pixels.float().div_(127.5).sub_(1.0)


@functools.cache
def _values(dtype: torch.dtype) -> NDArray[np.float32] | NDArray[np.uint16]:
    """What each of 256 pixels is; numpy has no bfloat16, so 16 bits are passed as a whole."""
    values = normalised(torch.arange(256)).to(dtype)
    if dtype == torch.float32:
        return values.numpy()
    return values.view(torch.int16).numpy().view(np.uint16)
