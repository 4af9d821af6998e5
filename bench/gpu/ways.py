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

_WAYS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "pictures made on the host": {"on_host": True},
    "no graphs": {"graphs": False},
}
_SECONDS = 4.0
_THREADS = 8


def ways_of_reading(paths: Sequence[Path], device: str) -> Iterator[dict[str, Any]]:
    """Pages per second of one process, and the milliseconds of a page alone."""
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    for name, options in _WAYS.items():
        began = time.perf_counter()
        reader = loaded(device, 8, **options)
        load_s = round(time.perf_counter() - began, 1)
        alone = []
        for number in range(12):
            began = time.perf_counter()
            reader.read(pictures[number % len(pictures)])
            alone.append(1000 * (time.perf_counter() - began))
        row = {"way": name, "load_s": load_s, "alone_ms": round(float(np.median(alone)), 1)}
        yield row | _rate(reader, pictures, _THREADS if device != "cpu" else 1)
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
