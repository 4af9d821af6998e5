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

_CPU_COLUMNS, _GPU_COLUMNS = 10_000, 160_000
"""Columns of pixels in a batch: about 18 lines of 550, and 290. With half of it an H100 waits for
the processor, which starts a thousand kernels a step."""
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

    @property
    def memory_format(self) -> torch.memory_format:
        """On a GPU the plain one: with the other cuDNN takes 2.7 s for each new width (H100)."""
        return torch.contiguous_format if self.is_gpu else torch.channels_last

    def faster(self) -> AbstractContextManager[object]:
        """bf16 where the machine is faster in it, and the attention that is fastest there."""
        stack = ExitStack()
        stack.enter_context(torch.autocast(self.device.type, torch.bfloat16, enabled=self.has_bf16))
        if not self.is_gpu:  # the plain attention's backward pass is faster than the fused one's
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        return stack


def gpu_idle() -> float | None:
    """The share of the last moments in which the first GPU did nothing; None if nobody tells."""
    try:
        return 1 - torch.cuda.utilization() / 100
    except (ModuleNotFoundError, AssertionError):
        return None


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
