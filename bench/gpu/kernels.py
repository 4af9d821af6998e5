"""The networks alone on their device: pictures per second by batch and number type."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

_BATCHES = {"detect": (1, 4), "recognize": (4, 32)}
_SIZES = {"detect": (1280, 960), "recognize": (48, 704)}
_WARM_UP = 3
_SECONDS = 0.6
"""Of each case."""


def network_rates(device: str) -> Iterator[dict[str, Any]]:
    """What the detector and the recogniser do at most, in half numbers, and with convolutions of
    single pixels as products; `first_s` is what a shape takes that is new."""
    from worker.ocr.networks.detector import Detector
    from worker.ocr.networks.placing import with_products
    from worker.ocr.networks.recognizer import Recognizer
    from worker.ocr.networks.weights import bundled, load_card, load_verified

    on_gpu = device.startswith("cuda")
    recognizer = Recognizer(len(load_card(bundled("vi-print")).characters) + 1)
    load_verified(recognizer, bundled("vi-print"))
    networks = {"detect": Detector(), "recognize": recognizer}
    load_verified(networks["detect"], bundled("detector"))
    dtype = torch.float16 if on_gpu else torch.float32
    for products in (False, True):
        for task, sizes in _BATCHES.items():
            network = networks[task].eval().to(device, dtype).to(memory_format=torch.channels_last)
            if products:
                with_products(network)
            for number in sizes if on_gpu else sizes[:1]:
                batch = torch.rand(number, 3, *_SIZES[task], device=device, dtype=dtype)
                batch = batch.to(memory_format=torch.channels_last)
                row = {"network": task, "products": products, "batch": number}
                yield row | _rate(network, batch, _SECONDS)


@torch.inference_mode()
def _rate(network: nn.Module, batch: Tensor, seconds: float) -> dict[str, Any]:
    began = time.perf_counter()
    network(batch).float().sum().item()
    first_s = round(time.perf_counter() - began, 2)
    figures: dict[str, Any] = {
        "first_s": first_s,
        "per_s": round(_per_s(lambda: network(batch), batch, seconds / 2), 1),
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
