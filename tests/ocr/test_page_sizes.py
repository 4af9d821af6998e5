"""Pages of all sizes go into the few that a GPU is prepared for, and each is seen as if alone."""

from __future__ import annotations

import pytest
import torch

from tests.ocr.samples import networks, picture_of
from worker.ocr.detection.detection import view_of
from worker.ocr.recognition.lines import to_tensor

pytestmark = pytest.mark.gpu

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


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
    assert (together - alone).abs().max() < 1e-4
    assert (unmasked - alone).abs().max() > 0.1  # what stands round it does count
