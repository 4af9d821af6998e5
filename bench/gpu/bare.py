"""The bare reader in several processes on one device: more and more that read."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from bench.gpu.cards import CardWatch

_THREADS = {"cuda": 8, "cpu": 2}
"""Pages that one process has in hand."""
_START_S = 150
_SETTLE_S = 1.0
_OVER = -1


@dataclass(frozen=True)
class _Shared:
    """What the processes share: how many of them are to read, how many are ready, pages read."""

    active: Any
    ready: Any
    counts: Any
    fills: Any


def bare_rates(
    paths: Sequence[Path], device: str, numbers: Sequence[int], seconds: float
) -> Iterator[dict[str, Any]]:
    """The figures of so many processes that read at once, one number after the other."""
    context = multiprocessing.get_context("spawn")
    most = max(numbers)
    values = context.Value("i", 0), context.Value("i", 0)
    shared = _Shared(*values, context.Array("d", most), context.SimpleQueue())
    arguments = [(number, paths, device, shared) for number in range(most)]
    processes = [context.Process(target=_read_on, args=one, daemon=True) for one in arguments]
    try:
        for number in sorted(numbers):
            # Only so many are started: a run that is cut short has the figures of those before.
            began = time.perf_counter()
            for process in processes[shared.ready.value : number]:
                process.start()
            _wait_for_all(processes[:number], shared)
            yield {"processes": number, "start_s": round(time.perf_counter() - began, 1)}
            shared.active.value = number
            time.sleep(_SETTLE_S)
            yield {"processes": number, **_rate(processes[:number], shared, seconds)}
        shared.active.value = _OVER
        yield {"batches": shared.fills.get()}
    finally:
        for process in processes:
            if process.pid is not None:
                process.kill()


def _wait_for_all(processes: Sequence[Any], shared: _Shared) -> None:
    deadline = time.monotonic() + _START_S
    while shared.ready.value < len(processes):
        if time.monotonic() > deadline or not all(one.is_alive() for one in processes):
            raise RuntimeError(f"{shared.ready.value} of {len(processes)} readers started")
        time.sleep(0.05)


def _rate(processes: Sequence[Any], shared: _Shared, seconds: float) -> dict[str, Any]:
    own = [psutil.Process(process.pid) for process in processes]

    def cpu_s() -> float:
        return sum(sum(process.cpu_times()[:2]) for process in own)

    with CardWatch() as watch:
        before, cpu_before, began = sum(shared.counts), cpu_s(), time.perf_counter()
        time.sleep(seconds)
        num_pages, took_s = sum(shared.counts) - before, time.perf_counter() - began
        spent_s = cpu_s() - cpu_before
    return {
        "pages_per_s": round(num_pages / took_s, 2),
        "cpu_ms_per_page": round(1000 * spent_s / max(1, num_pages), 1),
        "largest_rss_mib": round(max(one.memory_info().rss for one in own) / 2**20),
        **watch.figures(),
    }


def _read_on(number: int, paths: Sequence[Path], device: str, shared: _Shared) -> None:
    """One process: read page after page while it is one of the active ones."""
    from worker.ocr.reader import Reader

    fills = _fills_of_batches()
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    reader = Reader.load(device=device, memory_bytes=_share(device, len(shared.counts)))
    reader.read(pictures[number % len(pictures)])
    lock = threading.Lock()

    def read(thread: int) -> None:
        page = thread + number
        while (active := shared.active.value) != _OVER:
            if number >= active:
                time.sleep(0.01)
                continue
            reader.read(pictures[page % len(pictures)], job=str(thread))
            page += 1
            with lock:
                shared.counts[number] += 1

    num_threads = _THREADS[device.partition(":")[0]]
    threads = [threading.Thread(target=read, args=(thread,)) for thread in range(num_threads)]
    for thread in threads:
        thread.start()
    with shared.ready.get_lock():
        shared.ready.value += 1
    for thread in threads:
        thread.join()
    if number == 0:
        shared.fills.put(fills())
    reader.close()


def _share(device: str, num_processes: int) -> int:
    """Bytes of the GPU's memory for each of so many; 0: there is none to share."""
    import torch

    if device == "cpu":
        return 0
    _, total = torch.cuda.mem_get_info()
    return total // num_processes


def _fills_of_batches() -> Any:
    """Count what the networks are given from now on; call the answer for the means by network."""
    from worker.ocr.networks.inference import Networks

    runs: dict[str, list[tuple[int, float]]] = defaultdict(list)
    run = Networks.run

    def counted(self: Any, key: Any, pictures: Any) -> Any:
        began = time.perf_counter()
        results = run(self, key, pictures)
        runs[key.task].append((len(pictures), time.perf_counter() - began))
        return results

    Networks.run = counted  # type: ignore[method-assign]
    return lambda: {
        task: {
            "batches": len(all_of),
            "pictures_per_batch": round(sum(n for n, _ in all_of) / len(all_of), 2),
            "ms_per_batch": round(1000 * sum(s for _, s in all_of) / len(all_of), 2),
        }
        for task, all_of in runs.items()
    }
