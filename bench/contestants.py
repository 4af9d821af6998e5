"""Those who read pages without a service: Docchu's bare reader, tesseract, RapidOCR.

Each runs in a process of its own, warms up on one page and answers the best of its rounds.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_THREADS = 4  # pages that the bare reader has in hand, as many as a worker has by default
_LINE_READS = 40


def num_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def apart(measure: Callable[..., Any], *arguments: object) -> Any:
    """Run a measurement in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, arguments)


def bare_reader(paths: Sequence[Path], rounds: int) -> float:
    """Pages per second of the reader, pictures decoded, four threads calling it."""
    from worker.ocr.reader import Reader

    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    reader = Reader.load()
    with ThreadPoolExecutor(_THREADS) as pool:

        def read_all() -> None:
            list(pool.map(lambda item: reader.read(item[1], job=str(item[0])), enumerate(pictures)))

        return len(paths) / _best(read_all, rounds)


def bare_line(path: Path) -> float:
    """Median seconds of the reader for one small image."""
    from worker.ocr.reader import Reader

    picture = np.asarray(Image.open(path).convert("RGB"))
    reader = Reader.load()
    seconds = [_timed(lambda: reader.read(picture)) for _ in range(_LINE_READS)]
    return statistics.median(seconds[_LINE_READS // 4 :])


def rapidocr(paths: Sequence[Path], rounds: int) -> float | None:
    """Pages per second of RapidOCR with onnxruntime on all cores; None where it is missing."""
    try:
        from rapidocr import RapidOCR
    except ImportError:
        return None
    engine = RapidOCR(params={"Global.log_level": "error"})
    pictures = [np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1] for path in paths]

    def read_all() -> None:
        for picture in pictures:
            engine(picture)

    return len(paths) / _best(read_all, rounds)


def tesseract(paths: Sequence[Path], rounds: int) -> float | None:
    """Pages per second of tesseract (`vie`), one process per core; None where it is missing."""
    if shutil.which("tesseract") is None:
        return None
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def read(path: Path) -> None:
        command = ["tesseract", str(path), "-", "-l", "vie"]
        subprocess.run(command, env=environment, capture_output=True, check=True)

    with ThreadPoolExecutor(num_cores()) as pool:
        return len(paths) / _best(lambda: list(pool.map(read, paths)), rounds, warm_up=False)


def _best(run: Callable[[], object], rounds: int, *, warm_up: bool = True) -> float:
    if warm_up:
        run()
    return min(_timed(run) for _ in range(rounds))


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
