"""One reader in several ways side by side: what each of its ways on a GPU gains."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.gpu.cards import CardWatch
from bench.gpu.starting import loaded

_SECONDS = 4.0
_THREADS = 8


def ways_of_reading(paths: Sequence[Path], device: str) -> Iterator[dict[str, Any]]:
    """Pages per second of one process, and the milliseconds of a page alone."""
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    for name, load_s, reader in _ways(device):
        alone = []
        for number in range(12):
            began = time.perf_counter()
            reader.read(pictures[number % len(pictures)])
            alone.append(1000 * (time.perf_counter() - began))
        row = {"way": name, "load_s": load_s, "alone_ms": round(float(np.median(alone)), 1)}
        yield row | _rate(reader, pictures, _THREADS if device != "cpu" else 1)


def _ways(device: str) -> Iterator[tuple[str, float, Any]]:
    """Their names, the seconds that each takes to load, and the reader."""
    began = time.perf_counter()
    reader = loaded(device, 8)
    load_s = round(time.perf_counter() - began, 1)
    yield "as it is", load_s, reader
    yield "what is seen made by the host", 0.0, reader.seeing_by_host()
    yield "as it is, once more", 0.0, reader
    reader.close()
    began = time.perf_counter()
    reader = loaded(device, 8, graphs=False)
    yield "no graphs", round(time.perf_counter() - began, 1), reader
    reader.close()


def _rate(reader: Any, pictures: Sequence[Any], num_threads: int) -> dict[str, Any]:
    over, counts = threading.Event(), [0] * num_threads

    def read(thread: int) -> None:
        while not over.is_set():
            reader.read(pictures[(thread + counts[thread]) % len(pictures)], job=str(thread))
            counts[thread] += 1

    threads = [threading.Thread(target=read, args=(number,)) for number in range(num_threads)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    with CardWatch() as watch:
        before, began, cpu = sum(counts), time.perf_counter(), time.process_time()
        time.sleep(_SECONDS)
        num_pages, took_s = sum(counts) - before, time.perf_counter() - began
        cpu_s = time.process_time() - cpu
    over.set()
    for thread in threads:
        thread.join()
    figures = {
        "pages_per_s": num_pages / took_s,
        "cpu_ms_per_page": 1000 * cpu_s / max(1, num_pages),
    }
    return {name: round(one, 1) for name, one in figures.items()} | watch.figures()
