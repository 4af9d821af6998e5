"""From a probability map to boxes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from worker.ocr.detection.boxes import find_boxes, in_reading_turn, spans

Map = NDArray[np.float32]


def kernel(
    *rectangles: tuple[tuple[float, float], tuple[float, float], float], p: float = 1
) -> Map:
    """A map with the shrunk regions of lines: (centre, size, degrees)."""
    probability = np.zeros((200, 400), np.float32)
    for rectangle in rectangles:
        cv2.fillPoly(probability, [np.round(cv2.boxPoints(rectangle)).astype(int)], p)
    return probability


def test_a_box_grows_beyond_the_region_that_the_network_marks() -> None:
    found = find_boxes(kernel(((200, 100), (200, 10), 0)))
    quads, scores = found.quads, found.scores
    (length,), (height,) = spans(quads)
    assert 0.5 < scores[0] <= 1.0
    assert height == pytest.approx(10 + 1.7 * 10, abs=3)
    assert length == pytest.approx(200 + 1.7 * 10, abs=4)


def test_an_empty_map_has_no_boxes() -> None:
    found = find_boxes(np.zeros((64, 64), np.float32))
    quads, scores = found.quads, found.scores
    assert quads.shape == (0, 4, 2)
    assert scores.shape == (0,)


@pytest.mark.parametrize("probability", [0.29, 0.4])
def test_what_is_unlikely_is_no_line(probability: float) -> None:
    found = find_boxes(kernel(((200, 100), (200, 10), 0), p=probability))
    assert len(found.quads) == 0


def test_specks_are_no_lines() -> None:
    assert len(find_boxes(kernel(((200, 100), (2, 1), 0))).quads) == 0


@pytest.mark.parametrize("degrees", [-30, -3, 0, 3, 30])
def test_corners_are_told_from_the_top_left_clockwise(degrees: float) -> None:
    ((top_left, top_right, bottom_right, bottom_left),) = find_boxes(
        kernel(((200, 100), (150, 12), degrees))
    ).quads
    assert top_left[0] < top_right[0]
    assert bottom_left[0] < bottom_right[0]
    assert top_left[1] < bottom_left[1]
    assert top_right[1] < bottom_right[1]


def test_a_high_narrow_box_keeps_its_top_at_the_top() -> None:
    corners = np.array(((10, 90), (30, 90), (30, 10), (10, 10)), np.float32)
    assert in_reading_turn(corners[None])[0].tolist() == [[10, 10], [30, 10], [30, 90], [10, 90]]


def test_neighbours_in_a_row_do_not_overlap() -> None:
    left, right = sorted(
        find_boxes(kernel(((100, 100), (150, 12), 0), ((265, 100), (150, 12), 0))).quads,
        key=lambda quad: quad[0, 0],
    )
    assert left[1, 0] == pytest.approx(right[0, 0], abs=1)
    assert left[2, 0] == pytest.approx(right[3, 0], abs=1)


@pytest.mark.parametrize(("radius", "thickness"), [(60, 14), (70, 12), (90, 14)])
def test_a_region_on_a_bend_is_as_likely_text_as_it_is_inside(radius: int, thickness: int) -> None:
    """Its rectangle is half empty: by that alone nobody hears of it where it cannot be read."""
    probability = np.zeros((300, 400), np.float32)
    cv2.ellipse(probability, (200, 40 + radius), (radius, radius), 0, -115, -65, 0.85, thickness)
    found = find_boxes(probability)
    assert len(found.likely) == 1
