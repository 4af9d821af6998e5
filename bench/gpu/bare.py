"""The bare reader in several processes on one device: more and more that read."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from bench.feeding.sampling import shares
from bench.gpu.cards import CardWatch
from bench.gpu.starting import loaded, loading_in_stages, recorded

_THREADS = {"cuda": 8, "cpu": 2}
"""Pages that one process has in hand."""
_STARTED_TOGETHER = 1, 8
"""So many readers are there before so many, or fewer, are measured: none starts meanwhile."""
_START_S = 100
"""What the others may take; after it those that are ready are measured."""
_SETTLE_S = 2.0
_SAMPLED_S = 2.0
_SAMPLED = 1, 8
"""Numbers of processes at which one of them is looked into."""
_NUM_STAGES = 14
_OVER = -1
_TASKS = "detect", "classify", "recognize"
_COUNTS = 3
"""Of each task: batches, pictures in them, seconds that they took."""


@dataclass(frozen=True)
class _Shared:
    """What the processes share: how many of them are to read; of each, whether it is ready, the
    pages that it has read and what its networks did; what they say; a file each for their errors.
    """

    active: Any
    ready: Any
    counts: Any
    runs: Any
    said: Any
    errors: Path


def bare_rates(
    paths: Sequence[Path], device: str, numbers: Sequence[int], seconds: float
) -> Iterator[dict[str, Any]]:
    """The figures of so many processes that read at once, one number after the other."""
    context = multiprocessing.get_context("spawn")
    most = max(numbers)
    runs = context.Array("d", most * len(_TASKS) * _COUNTS)
    with tempfile.TemporaryDirectory() as folder:
        shared = _Shared(
            context.Value("i", 0),
            context.Array("i", most),
            context.Array("d", most),
            runs,
            context.SimpleQueue(),
            Path(folder),
        )
        arguments = [(number, paths, device, shared) for number in range(most)]
        processes = [context.Process(target=_read_on, args=one, daemon=True) for one in arguments]
        try:
            yield from _measured(processes, shared, numbers, seconds)
        finally:
            shared.active.value = _OVER
            for process in processes:
                if process.pid is not None:
                    process.kill()


def _measured(
    processes: Sequence[Any], shared: _Shared, numbers: Sequence[int], seconds: float
) -> Iterator[dict[str, Any]]:
    """Of so many, or as many as could be started."""
    for number in sorted(numbers):
        start = min((one for one in _STARTED_TOGETHER if one >= number), default=number)
        yield from _started(processes[:start], shared)
        able = [place for place in range(number) if shared.ready[place]]
        if not able:
            raise RuntimeError("no reader started")
        shared.active.value = number
        time.sleep(_SETTLE_S)
        reading = [processes[place] for place in able]
        yield {"processes": len(able), **_rate(reading, shared, seconds)}
        if number in _SAMPLED:
            lock, stages = shares(reading[0].pid, _SAMPLED_S)
            most = {name: round(share, 3) for name, share in stages.most_common(_NUM_STAGES)}
            yield {"processes": len(able), "of_work_with_lock": lock, "of_work_by_stage": most}


def _started(processes: Sequence[Any], shared: _Shared) -> Iterator[dict[str, Any]]:
    """Start all of these that are not, wait for them, and tell how that went."""
    began = time.perf_counter()
    for process in processes:
        if process.pid is None:
            process.start()
    waits_for = set(range(len(processes)))
    while waits_for and time.perf_counter() - began < _START_S:
        waits_for -= {number for number in waits_for if shared.ready[number]}
        dead = {number for number in waits_for if not processes[number].is_alive()}
        for number in dead:
            yield {"reader": number, "error": _end_of(shared, number)}
        waits_for -= dead
        while not shared.said.empty():
            yield shared.said.get()
        time.sleep(0.05)
    for number in waits_for:
        yield {"reader": number, "error": "is not ready", "stderr": _end_of(shared, number)}
    yield {"readers": len(processes), "waited_s": round(time.perf_counter() - began, 1)}


def _end_of(shared: _Shared, number: int) -> str:
    file = shared.errors / str(number)
    return file.read_text(errors="replace")[-1500:] if file.exists() else ""


def _rate(processes: Sequence[Any], shared: _Shared, seconds: float) -> dict[str, Any]:
    own = [psutil.Process(process.pid) for process in processes]

    def cpu_s() -> float:
        return sum(sum(process.cpu_times()[:2]) for process in own)

    with CardWatch() as watch:
        runs, before = np.array(shared.runs[:]), sum(shared.counts)
        cpu_before, began = cpu_s(), time.perf_counter()
        time.sleep(seconds)
        num_pages, took_s = sum(shared.counts) - before, time.perf_counter() - began
        spent_s = cpu_s() - cpu_before
    return {
        "pages_per_s": round(num_pages / took_s, 2),
        "cpu_ms_per_page": round(1000 * spent_s / max(1, num_pages), 1),
        "largest_rss_mib": round(max(one.memory_info().rss for one in own) / 2**20),
        **watch.figures(),
        **_fills(np.array(shared.runs[:]) - runs, num_pages),
    }


def _fills(runs: Any, num_pages: float) -> dict[str, Any]:
    """What the networks were given: batches a page, pictures a batch, milliseconds a batch."""
    figures = {}
    for task, (batches, pictures, took_s) in zip(
        _TASKS, runs.reshape(-1, len(_TASKS), _COUNTS).sum(0).tolist(), strict=True
    ):
        if batches:
            figures[task] = {
                "per_page": round(pictures / max(1, num_pages), 1),
                "per_batch": round(pictures / batches, 2),
                "ms_per_batch": round(1000 * took_s / batches, 2),
            }
    return figures


def _read_on(number: int, paths: Sequence[Path], device: str, shared: _Shared) -> None:
    """One process: read page after page while it is one of the active ones."""
    sys.stderr = (shared.errors / str(number)).open("w", buffering=1)
    try:
        _read_all(number, paths, device, shared)
    except BaseException:
        traceback.print_exc()
        raise


def _read_all(number: int, paths: Sequence[Path], device: str, shared: _Shared) -> None:
    stages = loading_in_stages(device)
    reader = loaded(device, len(shared.counts))
    _count_batches(number, shared)
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    began = time.perf_counter()
    reader.read(pictures[number % len(pictures)])
    stages["first_page"] = round(time.perf_counter() - began, 2)
    stages["shapes_recorded"] = recorded(reader)
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
    shared.said.put({"reader": number, "start_s": stages})
    shared.ready[number] = 1
    for thread in threads:
        thread.join()
    reader.close()


def _count_batches(number: int, shared: _Shared) -> None:
    """Count what this process's networks are given from now on."""
    from worker.ocr.networks.inference import Networks

    run, lock = Networks.run, threading.Lock()

    def counted(self: Any, key: Any, pictures: Any) -> Any:
        began = time.perf_counter()
        results = run(self, key, pictures)
        first = (number * len(_TASKS) + _TASKS.index(key.task)) * _COUNTS
        with lock:
            for place, more in enumerate((1, len(pictures), time.perf_counter() - began)):
                shared.runs[first + place] += more
        return results

    Networks.run = counted  # type: ignore[method-assign]
