"""What a run makes of the machine that it is on: one GPU and its cores, or processors alone."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from worker.ocr.networks.cores import num_cores
from worker.ocr.networks.device import pick

_CPU_COLUMNS, _GPU_COLUMNS = 10_000, 80_000
"""Columns of pixels in a batch: about 18 lines of 550, and 145."""
_HUGE_PAGES = "glibc.malloc.hugetlb=1"


@dataclass(frozen=True)
class Machine:
    """Where the network is trained, and who draws the lines beside it."""

    device: torch.device
    has_bf16: bool
    columns: int
    num_renderers: int

    @classmethod
    def found(cls, num_renderers: int | None) -> Machine:
        """The first GPU where there is one."""
        device = pick()
        if device.is_gpu:
            drawing = num_renderers or max(1, num_cores() - 2)
            return cls(device.kind, True, _GPU_COLUMNS, drawing)
        has_bf16 = device.dtype == torch.bfloat16
        return cls(device.kind, has_bf16, _CPU_COLUMNS, num_renderers or 1)

    @property
    def is_gpu(self) -> bool:
        """Whether the network is on a GPU."""
        return self.device.type == "cuda"

    def faster(self) -> AbstractContextManager[object]:
        """bf16 where the machine is faster in it, and the attention that is fastest there."""
        stack = ExitStack()
        stack.enter_context(torch.autocast(self.device.type, torch.bfloat16, enabled=self.has_bf16))
        if not self.is_gpu:  # the plain attention's backward pass is faster than the fused one's
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        return stack


class Stopwatch:
    """How long the GPU was at work on steps; on processors, how long the steps took."""

    def __init__(self, machine: Machine) -> None:
        self._is_gpu = machine.is_gpu
        self._marks: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []

    def start(self) -> None:
        """A step begins."""
        if self._is_gpu:
            self._marks.append((_mark(), torch.cuda.Event(enable_timing=True)))

    def stop(self) -> None:
        """The step has been handed over."""
        if self._is_gpu:
            self._marks[-1][1].record()

    def busy_s(self) -> float:
        """Seconds at work since this was last asked; waits until the GPU is through."""
        if not self._is_gpu:
            return 0.0
        torch.cuda.synchronize()
        marks, self._marks = self._marks, []
        return sum(begin.elapsed_time(end) for begin, end in marks) / 1000


def _mark() -> torch.cuda.Event:
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def keep_memory() -> None:
    """Have glibc keep freed memory: giving it back and faulting it in costs 3/4 of the time."""
    libc = ctypes.CDLL(None)
    mmap_max, trim_threshold, top_pad = -4, -1, -2
    for parameter, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**28)):
        libc.mallopt(parameter, value)


def use_huge_pages() -> None:
    """Start anew with glibc asking for huge pages, which makes a step 12 % faster (measured)."""
    if platform.system() == "Linux" and "GLIBC_TUNABLES" not in os.environ:
        os.environ["GLIBC_TUNABLES"] = _HUGE_PAGES
        os.execv(sys.executable, [sys.executable, "-m", "training.train", *sys.argv[1:]])
