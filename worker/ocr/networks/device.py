"""Choose what the networks run on: device, number type, threads and batch size."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import torch
from torch import nn

from worker.ocr.networks.cores import num_cores

_CPU_BUDGET = 48 * 640 * 4
"""Pixels. On a processor larger batches read no faster (16 lines: a tenth fewer pages, as they stay
in no cache) and hold up the other jobs."""
_GPU_BUDGET_PER_BYTE = 1 / 2048
"""Pixels per byte of GPU memory: activations take 70 to 260 bytes a pixel, a batch may be filled up
to three times its own, and more than half stays free."""
GPU_BATCHES = 1, 4, 8, 16, 32
"""Pictures. An H200 gains little from more, and takes 1 to 2 s to prepare for a shape that it has
not seen (docs/figures.md); each thread does that for itself."""
GPU_WIDTHS = 128, 320, 640, 1120, 1600
"""Pixels that lines are filled up to on a GPU, for the same reason; wider ones by steps of 800."""
_WIDE_STEP = 800
GPU_SIDES = 672, 992, 1312
"""Pixels that both sides of a page are filled up to on a GPU; larger ones by steps of 640. A size
that a process has not seen would cost it 4 s."""
_LARGE_STEP = 640
GPU_PAGES = 4
"""That the detector sees at once, or one alone: more gain little."""
_GPU_STREAMS = 2
"""One makes the pictures of its batch on the host while the other's are on the GPU."""
_CONTEXT_BYTES = 600 << 20
"""Of a GPU's memory, what a process takes before it has a single tensor there."""
_MIN_GAIN = 1.2
_NUM_TRIALS = 5
# A convolution is prepared anew for every shape, and remembered: with room for what oneDNN keeps
# by itself (1,024, some twenty widths of lines) a line takes twice the time where preparing costs
# most (AMX), and ten pages in turn a fifth more with room for 2,048 (docs/figures.md); with room
# for all a worker grows by gigabytes. Each is 40 to 80 kB.
_PRIMITIVES = "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "4096"
_HUGE_PAGES = "THP_MEM_ALLOC_ENABLE", "1"
"""Torch asks for them for what is large: else memory comes in pieces of 4 kB, a fault each."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where the networks run: `budget` is the most pixels of one batch, `num_streams` how many
    batches run side by side.

    On a processor each batch runs on one core. Two cores read two thirds more pages as two streams
    than as two threads of one, and a single line comes in half the time: these networks are too
    small to be worth handing out.
    """

    kind: torch.device
    dtype: torch.dtype
    budget: int
    num_streams: int

    @property
    def is_gpu(self) -> bool:
        """Whether it has memory of its own."""
        return self.kind.type != "cpu"

    def batch_sizes(self, num_pictures: int, *, are_pages: bool = False) -> list[int]:
        """How many pictures of one size to run at once: on a processor powers of two alone.

        Else each number of lines would be a shape of its own, to be prepared and remembered. A GPU
        runs as many as it gains from, and the rest together (`filled`), of pages one by one.
        """
        if self.is_gpu and are_pages:
            return [GPU_PAGES] * (num_pictures // GPU_PAGES) + [1] * (num_pictures % GPU_PAGES)
        if self.is_gpu:
            most = GPU_BATCHES[-1]
            rest = num_pictures % most
            return [most] * (num_pictures // most) + [rest] * (rest > 0)
        powers = (1 << bit for bit in reversed(range(num_pictures.bit_length())))
        return [power for power in powers if power & num_pictures]

    def filled(self, num_pictures: int) -> int:
        """As how many pictures so many run on a GPU, of a few numbers that there are.

        To look at some in vain costs it milliseconds, to prepare for another shape a second.
        """
        if not self.is_gpu:
            return num_pictures
        return next((size for size in GPU_BATCHES if size >= num_pictures), num_pictures)

    def filled_width(self, width: int) -> int:
        """As how wide a line runs: on a GPU one of few widths, beyond its own it is blind."""
        if not self.is_gpu:
            return width
        wide = -(-width // _WIDE_STEP) * _WIDE_STEP
        return next((one for one in GPU_WIDTHS if one >= width), wide)

    def filled_page(self, height: int, width: int) -> tuple[int, int]:
        """As how high and wide a page runs: on a GPU likewise, beyond its own it is blind."""
        if not self.is_gpu:
            return height, width
        return _filled_side(height), _filled_side(width)


def _filled_side(side: int) -> int:
    over = side - GPU_SIDES[-1]
    large = GPU_SIDES[-1] + -(-over // _LARGE_STEP) * _LARGE_STEP
    return next((one for one in GPU_SIDES if one >= side), large)


def pick(name: str = "auto", dtype: torch.dtype | None = None, *, memory_bytes: int = 0) -> Device:
    """Pick a device by name (`auto`, `cpu`, `cuda`, `cuda:1`); a number type only if none is given.

    `auto` is the first GPU where there is one. `memory_bytes` is the most that may be taken of a
    GPU's memory, 0 what is free; of a GPU the number type is exact until one was tried
    (`number_types.py`). Raises RuntimeError where the device is missing.
    """
    # Pages are read side by side; OpenCV's own threads would only take their cores from each other.
    cv2.setNumThreads(1)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind = torch.device(name)
    if kind.type == "cpu":
        os.environ.setdefault(*_PRIMITIVES)
        os.environ.setdefault(*_HUGE_PAGES)
        return Device(kind, dtype or _fastest_dtype(), _CPU_BUDGET, num_cores())
    kind = torch.device(kind.type, kind.index or 0)
    budget = int(_memory_of(kind, memory_bytes) * _GPU_BUDGET_PER_BYTE)
    return Device(kind, dtype or torch.float32, budget, _GPU_STREAMS)


def _memory_of(kind: torch.device, allowed: int) -> int:
    """The bytes of a GPU's memory that batches may count on; more than allowed is never taken."""
    free, total = torch.cuda.mem_get_info(kind)
    if not allowed:
        return free
    own = max(_CONTEXT_BYTES, min(allowed, total) - _CONTEXT_BYTES)
    torch.cuda.set_per_process_memory_fraction(own / total, kind)
    return min(own, free)


def _fastest_dtype() -> torch.dtype:
    """Whether this processor multiplies in bfloat16 clearly faster: some only emulate it."""
    num_threads = torch.get_num_threads()
    # One thread and its processor time: what else the machine does must not decide.
    torch.set_num_threads(1)
    try:
        gain = _trial_s(torch.float32) / _trial_s(torch.bfloat16)
    finally:
        torch.set_num_threads(num_threads)
    return torch.bfloat16 if gain >= _MIN_GAIN else torch.float32


@torch.inference_mode()
def _trial_s(dtype: torch.dtype) -> float:
    """Seconds of the convolution that most of the reader's time goes into, at its best."""
    layer = nn.Conv2d(192, 384, 1).to(dtype)
    image = torch.zeros(1, 192, 24, 160, dtype=dtype).to(memory_format=torch.channels_last)
    return min(_duration_s(lambda: layer(image)) for _ in range(_NUM_TRIALS))


def _duration_s(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return time.thread_time() - start
