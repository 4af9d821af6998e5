"""Pixels become numbers: the same ones in every number type, however they get there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from worker.ocr.detection.bends import Bend
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import View
from worker.ocr.detection.turning import Window
from worker.ocr.networks.steps import _all_best, _few_best
from worker.ocr.recognition.lines import HEIGHT, prepare, to_tensor

PAGE = np.random.default_rng(1).integers(0, 256, (90, 140, 3), np.uint8)
place = st.tuples(st.floats(-20, 160, width=32), st.floats(-20, 110, width=32))


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


@given(st.lists(place, min_size=4, max_size=4))
def test_a_line_tells_its_size_before_it_is_cut_out(corners: list[tuple[float, float]]) -> None:
    line = Crop(PAGE, np.array(corners, np.float32))
    assert line.shape == line.pixels().shape[:2]
    assert Window(line).shape == Window(line).shown().shape[:2]


@given(st.floats(-3, 143), st.floats(-3, 93), st.floats(1, 60), st.floats(1, 30))
def test_a_level_line_tells_its_size_too(x: float, y: float, width: float, height: float) -> None:
    right, bottom = x + width, y + height
    line = Crop(PAGE, np.array(((x, y), (right, y), (right, bottom), (x, bottom)), np.float32))
    assert line.shape == line.pixels().shape[:2]


def test_a_bent_line_tells_its_size_too() -> None:
    xs = np.linspace(5, 130, 33)
    bend = Bend(np.stack((xs, 40 + xs**2 / 900), axis=1).astype(np.float32), 17.3)
    line = Crop(PAGE, bend.quad, bend)
    assert line.shape == line.pixels().shape[:2]


def test_a_picture_that_is_all_line_is_cut_out_as_it_is() -> None:
    assert np.array_equal(Crop.of(PAGE).pixels(), PAGE)


@pytest.mark.parametrize("scale", [0.01, 0.3, 1.0, 1.7])
@pytest.mark.parametrize("shape", [(90, 140), (1, 140), (33, 2)])
def test_the_detectors_view_tells_its_size(scale: float, shape: tuple[int, int]) -> None:
    view = View.of(PAGE[: shape[0], : shape[1]], scale)
    assert view.shape == view.shown().shape[:2]


@pytest.mark.parametrize("num_classes", [3, 231])
def test_a_gpu_tells_the_best_classes_as_a_processor_does(num_classes: int) -> None:
    torch.manual_seed(1)
    chances = (8 * torch.randn(4, 50, num_classes)).softmax(2)
    few, whole = _few_best(chances), _all_best(chances)
    assert torch.equal(few[0], whole[0])
    assert torch.equal(few[1], whole[1])
    assert (few[1][:, :, 1] == 0).any() and (few[1][:, :, 1] > 0).any()
