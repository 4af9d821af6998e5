"""Connected parts of a mask are measured at their corners, as if all of their pixels were."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import pytest

from worker.ocr.detection.connected import connected


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (60, 90)])
def test_each_part_is_where_its_pixels_are(
    shape: tuple[int, int], share: float, neighbours: Literal[4, 8]
) -> None:
    mask = (np.random.default_rng(3).random(shape) < share).astype(np.uint8)
    labels, boxes = connected(mask, neighbours)
    _, wanted, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=neighbours)
    assert np.array_equal(labels, wanted)
    assert np.array_equal(boxes, stats[1:, :4])


def test_a_mask_without_anything_has_no_parts() -> None:
    labels, boxes = connected(np.zeros((20, 30), np.uint8))
    assert not labels.any()
    assert boxes.shape == (0, 4)
