"""The networks alone on their device: pictures per second by batch and number type."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

_BATCHES = {"detect": (1, 4), "recognize": (4, 16, 64)}
_SIZES = {"detect": (1280, 960), "recognize": (48, 704)}
_WARM_UP = 3


def network_rates(device: str, seconds: float) -> Iterator[dict[str, Any]]:
    """What the detector and the recogniser do at most; all cases together take the seconds."""
    from worker.ocr.networks.detector import Detector
    from worker.ocr.networks.recognizer import Recognizer
    from worker.ocr.networks.weights import bundled, load_card, load_verified

    on_gpu = device.startswith("cuda")
    recognizer = Recognizer(len(load_card(bundled("vi-print")).characters) + 1)
    load_verified(recognizer, bundled("vi-print"))
    networks = {"detect": Detector(), "recognize": recognizer}
    load_verified(networks["detect"], bundled("detector"))
    # Each case is a shape that takes a GPU a second or two to prepare for.
    dtypes = [torch.float16, torch.float32] if on_gpu else [torch.float32]
    batches = _BATCHES if on_gpu else {task: sizes[:1] for task, sizes in _BATCHES.items()}
    cases = [(d, task, n) for d in dtypes for task, sizes in batches.items() for n in sizes]
    for dtype, task, number in cases:
        network = networks[task].eval().to(device, dtype).to(memory_format=torch.channels_last)
        batch = torch.rand(number, 3, *_SIZES[task], device=device, dtype=dtype)
        batch = batch.to(memory_format=torch.channels_last)
        row = {"network": task, "dtype": str(dtype).removeprefix("torch."), "batch": number}
        yield row | _rate(network, batch, seconds / len(cases))


@torch.inference_mode()
def _rate(network: nn.Module, batch: Tensor, seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "per_s": round(_per_s(lambda: network(batch), batch, seconds / 2), 1)
    }
    if batch.is_cuda:
        figures["peak_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)
        torch.cuda.reset_peak_memory_stats()
        try:
            figures["per_s_as_graph"] = round(_per_s(_graph_of(network, batch), batch, seconds / 2))
        except RuntimeError as error:  # what can be measured without is told all the same
            figures["no_graph"] = str(error)[:200]
    return figures


def _graph_of(network: nn.Module, batch: Tensor) -> Callable[[], object]:
    """The network's work on this batch as one launch."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        network(batch)
    return graph.replay


def _per_s(run: Callable[[], object], batch: Tensor, seconds: float) -> float:
    def wait() -> None:
        if batch.is_cuda:
            torch.cuda.synchronize()

    for _ in range(_WARM_UP if batch.is_cuda else 1):
        run()
    wait()
    number, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds or number == 0:
        run()
        number += 1
        if number % 4 == 0:
            wait()
    wait()
    return len(batch) * number / (time.perf_counter() - began)
