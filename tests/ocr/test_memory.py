"""The reader's memory stays level: few shapes are prepared, of these a bounded number is kept."""

from __future__ import annotations

import gc
import os
import platform
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from bench.memory import drawn_page
from worker.ocr import heap
from worker.ocr.detection.detection import _fitted, _scale
from worker.ocr.heap import Heap, own_rss_bytes
from worker.ocr.networks.device import Device, pick
from worker.ocr.reader import Reader

_PAGES = 3000


def canvases(least: int, most: int) -> set[tuple[int, int]]:
    """The sizes that the detector is shown of pages of as many sizes, none a strip."""
    rng = random.Random(7)
    sizes = [(rng.randrange(least, most), rng.randrange(least, most)) for _ in range(_PAGES)]
    pages = [size for size in sizes if max(size) < 2 * min(size)]
    return {
        (seen(height, _scale(height, width)), seen(width, _scale(height, width)))
        for height, width in pages
    }


def seen(side: int, scale: float) -> int:
    return _fitted(round(side * scale))


def test_photos_and_scans_of_thousands_of_sizes_have_a_few_shapes() -> None:
    assert len(canvases(1000, 1500)) <= 45


def test_a_page_has_ground_round_it_and_little_more() -> None:
    for side in range(1, 3000):
        assert 16 <= _fitted(side) - side < 16 + (32 if side <= 640 else 64)


@pytest.mark.parametrize("num_lines", [1, 2, 7, 64, 80])
def test_lines_run_in_powers_of_two(num_lines: int) -> None:
    sizes = pick("cpu", torch.float32).batch_sizes(num_lines)
    assert sum(sizes) == num_lines
    assert all(size & (size - 1) == 0 for size in sizes)
    assert len(set(sizes)) == len(sizes)


def test_a_gpu_runs_them_at_once_as_few_numbers_of_pictures() -> None:
    gpu = Device(torch.device("cuda"), torch.bfloat16, budget=1, num_streams=1)
    assert gpu.batch_sizes(7) == [7]
    assert gpu.batch_sizes(150) == [32, 32, 32, 32, 22]
    for number in range(1, 300):
        assert sum(gpu.batch_sizes(number)) == number
        assert {gpu.filled(size) for size in gpu.batch_sizes(number)} <= {1, 4, 8, 16, 32}
    assert [pick("cpu", torch.float32).filled(number) for number in (1, 7)] == [1, 7]


def test_what_is_prepared_is_kept_within_bounds() -> None:
    pick("cpu", torch.float32)
    assert int(os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) <= 4096


@dataclass
class Growing:
    """A process, so many MiB larger than when it had loaded; trimmed, `left` of them stay."""

    left: int
    mib: int = 0
    trimmed_at: list[int] = field(default_factory=list)

    def trim(self) -> None:
        self.trimmed_at.append(self.mib)
        self.mib = self.left


@pytest.fixture
def growing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Growing:
    process, loaded = Growing(request.param), own_rss_bytes()
    monkeypatch.setattr(heap, "own_rss_bytes", lambda: loaded + process.mib * 2**20)
    monkeypatch.setattr(heap, "trim_heap", process.trim)
    return process


@pytest.mark.parametrize("growing", [0], indirect=True)
def test_a_heap_that_has_grown_is_trimmed_after_the_page_that_did_it(growing: Growing) -> None:
    """Between sixteen pages it grew to more than the whole process may have."""
    kept = Heap()
    for mib in (0, 200, 500, 600, 100, 700):
        growing.mib = mib
        kept.after_page()
    assert growing.trimmed_at == [600, 700]


@pytest.mark.parametrize("growing", [400], indirect=True)
def test_what_stays_after_that_is_not_given_back_and_taken_anew_page_by_page(
    growing: Growing,
) -> None:
    """Once the prepared shapes alone fill the room, each page would fault its memory in again."""
    kept = Heap()
    for _ in range(20):
        growing.mib += 70
        kept.after_page()
    assert growing.trimmed_at == [630, 680, 680]


_MAPS = """
import resource
from shared.running.sandbox import use_one_heap

use_one_heap()
bytearray(40 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    bytearray(40 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif("glibc" not in platform.libc_ver(), reason="another libc has its own rules")
def test_what_a_network_gives_up_is_there_for_the_next() -> None:
    """A map of 40 MiB was given back to the system each time, and faulted in again."""
    told = subprocess.run([sys.executable, "-c", _MAPS], capture_output=True, text=True, check=True)
    assert int(told.stdout) < (40 << 20) // 4096


_FAULTS = """
import resource
import torch
from worker.ocr.networks.device import pick

pick("cpu", torch.float32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    torch.ones(16 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
_HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@pytest.mark.skipif(
    not _HUGE_PAGES.exists() or "[never]" in _HUGE_PAGES.read_text(),
    reason="this system has no huge pages to give",
)
def test_large_tensors_do_not_come_in_pages_of_four_kilobytes() -> None:
    environment = {name: value for name, value in os.environ.items() if "THP" not in name}
    told = subprocess.run(
        [sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True, env=environment
    )
    assert int(told.stdout) < 4 * (64 << 20) // 4096 / 2


def test_pythons_search_for_cycles_passes_over_the_networks(reader: Reader) -> None:
    detector = reader._batcher._run.__self__._detector
    assert gc.get_freeze_count() > 10_000
    assert not any(one is detector for one in gc.get_objects())


_GROWTH = """
import psutil
from bench.memory import drawn_page
from worker.ocr import heap
from worker.ocr.reader import Reader

reader, process, sizes = Reader.load(device="cpu"), psutil.Process(), []
for number in range(40):
    reader.read(drawn_page(number, largest=320))
    if number in (15, 39):
        print(process.memory_info().rss)
"""


@pytest.mark.acceptance
def test_after_some_pages_the_memory_is_level() -> None:
    """What is still growing here are the shapes, a little with each page, up to their bound."""
    answer = subprocess.run(
        [sys.executable, "-c", _GROWTH], capture_output=True, text=True, check=True
    )
    before, after = map(int, answer.stdout.split())
    assert after < 1.15 * before


def test_each_page_of_the_bench_has_a_size_of_its_own() -> None:
    assert len({drawn_page(number, 300).shape for number in range(50)}) > 45


_HEAPS = """
import ctypes, sys
from concurrent.futures import ThreadPoolExecutor
from worker.ocr.reader import Reader
reader = Reader.load(device="cpu")
with ThreadPoolExecutor(4) as threads:
    list(threads.map(lambda _: len([bytearray(50_000) for _ in range(99)]), range(40)))
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fclose(ctypes.c_void_p(file))
reader.close()
"""


def test_threads_of_a_reader_take_memory_from_one_heap(tmp_path: Path) -> None:
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", _HEAPS, str(told)], check=True, capture_output=True)
    # Torch's own threads may have had theirs before; the reader's have none each.
    assert told.read_text().count("<heap nr=") <= 2
