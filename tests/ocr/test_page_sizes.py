"""Pages of all sizes go into the few that a GPU is prepared for, and each is seen as if alone."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from tests.ocr.samples import networks, picture_of
from worker.ocr.detection.detection import view_of
from worker.ocr.networks.device import GPU_SIDES, Device, pick
from worker.ocr.networks.inference import Key, Networks
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.recognition.lines import to_tensor

pytestmark = pytest.mark.gpu

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SAME = 1e-4 if DEVICE == "cpu" else 2e-2
"""A GPU multiplies with 10 bits of a fraction, in another order for each size."""


@pytest.mark.parametrize("name", ["decree", "line"])
def test_a_page_in_a_larger_picture_is_seen_as_it_is_alone(name: str) -> None:
    detector = networks()[0].eval().to(DEVICE)
    seen = view_of(picture_of(name)).shown()
    height, width = seen.shape[:2]
    sizes = torch.tensor([(height, width), (height + 320, width + 64)], device=DEVICE)
    batch = torch.full((2, 3, height + 320, width + 64), -1.0, device=DEVICE)
    batch[0, :, :height, :width] = to_tensor([seen], DEVICE)[0]
    with torch.inference_mode():
        alone = detector(to_tensor([seen], DEVICE))[0]
        together = detector(batch, sizes)[0, :, :height, :width]
        unmasked = detector(batch)[0, :, :height, :width]
    assert (together - alone).abs().max() < SAME
    assert (unmasked - alone).abs().max() > 0.1  # what stands round it does count


def test_pages_of_two_sizes_in_one_batch_are_seen_as_each_is_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector, recognizer = networks()
    device = pick(DEVICE, torch.float32)
    placed = Networks(detector, OrientationClassifier(), recognizer, device)
    views = [view_of(picture_of(name)).shown() for name in ("decree", "line")]
    alone = [placed.run(Key("detect", *view.shape[:2]), [view])[0] for view in views]
    monkeypatch.setattr(Device, "is_gpu", True)  # as on one, on the processor, too
    monkeypatch.setattr(Device, "batch_sizes", lambda *_, are_pages: [2])
    size = device.filled_page(*views[0].shape[:2])
    assert size in product(GPU_SIDES, repeat=2) and size != views[0].shape[:2]
    together = placed.run(Key("detect", *size), views)
    for one, mixed in zip(alone, together, strict=True):
        assert one.shape == mixed.shape and np.abs(one - mixed).max() < SAME


def test_pages_of_all_sizes_run_as_few() -> None:
    gpu = Device(torch.device("cuda"), torch.float16, budget=1, num_streams=1)
    sides = range(32, 3000, 32)
    filled = [gpu.filled_page(height, width) for height in sides for width in sides]
    assert len(set(filled)) == 36
    for (height, width), (high, wide) in zip(product(sides, repeat=2), filled, strict=True):
        assert height <= high < height + 672 and width <= wide < width + 672
    assert gpu.batch_sizes(11, are_pages=True) == [4, 4, 1, 1, 1]
