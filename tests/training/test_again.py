"""Where drawing is slower than a GPU, batches are seen a second time, in another light."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.again import SecondTimes, in_another_light
from training.batches import Batch


def drawn(number: int) -> Batch:
    """Four lines of grey paper with a black bar, whose text says which batch it is."""
    images = torch.full((4, 48, 64, 3), 200, dtype=torch.uint8)
    images[:, 20:28, 10:50] = 20
    return Batch(images, np.array([number], np.int32), np.array([1], np.int32))


def test_each_batch_is_had_once_more() -> None:
    seen = SecondTimes(1)
    for number in range(5):
        seen.keep(drawn(number))
    taken = sorted(int(seen.take().classes[0]) for _ in range(5))
    assert taken == [0, 1, 2, 3, 4]
    assert not seen
    with pytest.raises(ValueError, match="empty"):
        seen.take()


def test_as_many_wait_as_a_gpu_has_room_for() -> None:
    seen = SecondTimes(1)
    for number in range(500):
        seen.keep(drawn(number))
    assert len(seen) == 128


def test_the_light_is_another_and_the_print_the_same() -> None:
    torch.manual_seed(0)
    before = drawn(0).images
    lit = in_another_light(before)
    assert lit.shape == before.shape
    assert lit.dtype == torch.uint8
    light = lit.float().mean((1, 2, 3))
    assert len(set(light.tolist())) == 4
    ink, paper = lit[:, 20:28, 10:50].float().mean(), lit[:, :16].float().mean()
    assert paper - ink > 120
