"""What a process's machine has left, read when it is asked for: its disk, its GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Disk(Collector):
    """The disk of the data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Its size and what is left of it, as far as it answers."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return
        for name, blocks, meaning in (
            ("size", found.f_blocks, "Bytes of the data folder's disk"),
            ("free", found.f_bavail, "Bytes of it that can still be written"),
        ):
            yield GaugeMetricFamily(f"docchu_disk_{name}_bytes", meaning, blocks * found.f_frsize)


class Cards(Collector):
    """The GPUs that this process may see, as their driver tells of them (NVML); else nothing."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._cards: list[Any] = []
        try:
            import pynvml  # type: ignore[import-untyped, unused-ignore]

            pynvml.nvmlInit()
            self._nvml = pynvml
            for number in range(pynvml.nvmlDeviceGetCount()):
                self._cards.append(pynvml.nvmlDeviceGetHandleByIndex(number))
        except Exception:  # no driver, no library, or one that tells nothing
            return

    def collect(self) -> Iterable[Metric]:
        """Use and memory of each."""
        busy = GaugeMetricFamily(
            "docchu_gpu_busy_ratio", "Share of the time in which the GPU ran", labels=["gpu"]
        )
        used = GaugeMetricFamily(
            "docchu_gpu_memory_used_bytes", "Bytes of its memory in use", labels=["gpu"]
        )
        size = GaugeMetricFamily(
            "docchu_gpu_memory_size_bytes", "Bytes of its memory", labels=["gpu"]
        )
        for number, card in enumerate(self._cards):
            try:
                memory = self._nvml.nvmlDeviceGetMemoryInfo(card)
                share = self._nvml.nvmlDeviceGetUtilizationRates(card).gpu / 100
            except self._nvml.NVMLError:
                continue
            busy.add_metric([str(number)], share)
            used.add_metric([str(number)], memory.used)
            size.add_metric([str(number)], memory.total)
        yield from (busy, used, size)
