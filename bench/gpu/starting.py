"""How a reader starts, stage by stage: a slow start is to explain itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def loading_in_stages(device: str) -> dict[str, float]:
    """Import and open the device; the answer has the seconds of what follows, too, once it is done:
    the trial of number types, recording the usual batches, the first pages."""
    stages: dict[str, float] = {}
    began = time.perf_counter()
    import torch

    stages["import_torch"] = _since(began)
    began = time.perf_counter()
    if device != "cpu":
        torch.cuda.init()
        torch.ones(1, device=device)
        torch.cuda.synchronize()
    stages["context"] = _since(began)
    began = time.perf_counter()
    import worker.ocr.reader as reading
    from worker.ocr.networks.inference import Networks

    stages["import_reader"] = _since(began)
    for owner, name in (
        (reading, "faster_same"),
        (Networks, "warm_up"),
        (reading.Reader, "warm_up"),
    ):
        title = f"{getattr(owner, '__name__', '')}.{name}".rpartition("worker.ocr.")[2]
        setattr(owner, name, _timed(getattr(owner, name), title, stages))
    return stages


def loaded(device: str, num_processes: int, **options: Any) -> Any:
    """A reader that takes its share of the device."""
    import torch

    from worker.ocr.reader import Reader

    share = 0 if device == "cpu" else torch.cuda.mem_get_info()[1] // max(num_processes, 1)
    return Reader.load(device=device, memory_bytes=share, **options)


def recorded(reader: Any) -> int:
    """Shapes of batches that it runs as one launch each."""
    return int(reader._batcher._run.__self__.num_recorded)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def _timed(work: Callable[..., Any], title: str, stages: dict[str, float]) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*args, **named)
        finally:
            stages[title] = _since(began)

    return run
