"""What the first GPU does while something is measured, as its driver says (NVML)."""

from __future__ import annotations

import statistics
import threading
from types import TracebackType
from typing import Any

_EVERY_S = 0.1


class CardWatch:
    """Looks at the GPU while it is entered; `figures` are of that time. Empty without a GPU."""

    def __init__(self) -> None:
        self._busy: list[float] = []
        self._used: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> CardWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def figures(self) -> dict[str, Any]:
        """The share of the time in which a kernel ran, and the most memory in use."""
        if not self._busy:
            return {}
        busy, used = statistics.fmean(self._busy), max(self._used)
        return {"gpu_busy": round(busy / 100, 3), "gpu_memory_mib": round(used / 2**20)}

    def _look(self) -> None:
        try:
            import pynvml

            pynvml.nvmlInit()
            card = pynvml.nvmlDeviceGetHandleByIndex(0)
        except Exception:  # no driver, or none that tells
            return
        while not self._over.wait(_EVERY_S):
            self._busy.append(pynvml.nvmlDeviceGetUtilizationRates(card).gpu)
            self._used.append(pynvml.nvmlDeviceGetMemoryInfo(card).used)
