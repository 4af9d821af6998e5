"""The reader's memory stays level: few shapes are prepared, and of these a bounded number is kept."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from bench.memory import drawn_page
from worker.ocr.detection.detection import _view_of
from worker.ocr.networks.device import Device, pick
from worker.ocr.recognition.lines import Picture

_PAGES = 3000


def canvases(least: int, most: int) -> set[tuple[int, int]]:
    """The sizes that the detector is shown of pages of as many sizes."""
    rng = random.Random(7)
    sizes = {(rng.randrange(least, most), rng.randrange(least, most)) for _ in range(_PAGES)}
    ratios = [size for size in sizes if max(size) < 2 * min(size)]
    return {_view_of(blank(*size)).picture.shape[:2] for size in ratios}


def blank(height: int, width: int) -> Picture:
    return np.broadcast_to(np.full((1, 1, 3), 255, np.uint8), (height, width, 3))


def test_photos_and_scans_of_thousands_of_sizes_have_a_few_shapes() -> None:
    assert len(canvases(1000, 1500)) <= 30


def test_a_page_is_shown_as_it_is_but_for_a_twentieth() -> None:
    rng = random.Random(8)
    for _ in range(500):
        size = rng.randrange(300, 3000), rng.randrange(300, 3000)
        across, down = _view_of(blank(*size)).scale
        assert 0.94 < across / down < 1.06


@pytest.mark.parametrize("num_lines", [1, 2, 7, 64, 80])
def test_lines_run_in_powers_of_two(num_lines: int) -> None:
    sizes = pick("cpu", torch.float32).batch_sizes(num_lines)
    assert sum(sizes) == num_lines
    assert all(size & (size - 1) == 0 for size in sizes)
    assert len(set(sizes)) == len(sizes)


def test_a_gpu_runs_them_all_at_once() -> None:
    gpu = Device(torch.device("cuda"), torch.bfloat16, budget=1, num_streams=1)
    assert gpu.batch_sizes(7) == [7]


def test_what_is_prepared_is_kept_within_bounds() -> None:
    pick("cpu", torch.float32)
    assert int(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) <= 4096


_GROWTH = """
import psutil
from bench.memory import drawn_page
from worker.ocr.reader import Reader

reader, process, sizes = Reader.load(device="cpu"), psutil.Process(), []
for number in range(48):
    reader.read(drawn_page(number, largest=320))
    if number in (15, 47):
        print(process.memory_info().rss)
"""


def test_after_some_pages_the_memory_is_level() -> None:
    """What is still growing here are the shapes, a little with each page, up to their bound."""
    answer = subprocess.run(
        [sys.executable, "-c", _GROWTH], capture_output=True, text=True, check=True
    )
    before, after = map(int, answer.stdout.split())
    assert after < 1.15 * before


def test_each_page_of_the_bench_has_a_size_of_its_own() -> None:
    assert len({drawn_page(number, 300).shape for number in range(50)}) > 45
