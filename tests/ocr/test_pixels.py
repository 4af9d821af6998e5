"""Pixels become numbers: the same ones in every number type, however they get there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from worker.ocr.recognition.lines import HEIGHT, prepare, to_tensor


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_each_pixel_is_rounded_once(dtype: torch.dtype) -> None:
    levels = np.arange(2 * 256 * 3, dtype=np.uint8).reshape(1, 2, 256, 3)
    batch = to_tensor([levels[0], 255 - levels[0]], "cpu", dtype)
    exact = torch.from_numpy(np.concatenate((levels, 255 - levels))).float() / 127.5 - 1
    assert batch.dtype == dtype
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch, exact.permute(0, 3, 1, 2).to(dtype))


@pytest.mark.parametrize("size", [(20, 301), (48, 301), (90, 301), (48, 1)])
def test_a_line_is_followed_by_blank_ground_alone(size: tuple[int, int]) -> None:
    line = np.zeros((*size, 3), np.uint8)
    line[...] = (10, 20, 30)
    prepared = prepare(line)
    width = round(size[1] * HEIGHT / size[0])
    assert prepared.shape[0] == HEIGHT
    assert (prepared[:, :width] == (30, 20, 10)).all()
    assert (prepared[:, width:] == 127).all()
