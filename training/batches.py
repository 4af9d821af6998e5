"""Batches of lines of equal padded width, made by a process beside the training."""

from __future__ import annotations

import logging
import queue
import random
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy, multiprocessing

from training.labels.prose import clean
from training.lines.real import LabelledLine, load_labelled
from training.lines.render import Line, Renderer
from training.wear.degrade import Degrader
from worker.ocr.recognition.charset import encode
from worker.ocr.recognition.lines import HEIGHT, prepare

_log = logging.getLogger(__name__)
_LEAST, _NARROWEST = 8, 312
"""Lines in a batch at least, and the width in pixels below which a batch grows no more."""
_SEEDS = 1_000_003
"""Between two processes that draw for one run."""
_LOOK_S = 5.0
"""After so long without a batch those who draw are looked after."""
_COLUMNS_AT_FIRST, _COLUMNS_A_LINE = 10_000, 20
"""Batches grow with what a process has drawn: large ones are long in coming."""
_QUEUED = 24
_DOTS = re.compile(r"\.{3,}")


@dataclass(frozen=True)
class Batch:
    """Lines of one padded width: BGR uint8 (B, 48, W, 3), and their class numbers end to end.

    The images are a tensor since those go from process to process in shared memory.
    """

    images: Tensor
    classes: NDArray[np.int32]
    lengths: NDArray[np.int32]


@dataclass(frozen=True)
class Source:
    """Where the lines come from, and how wide they may be."""

    corpus: Path
    seed: int
    columns: int = 10_000
    """Of pixels in a batch."""
    real: Path | None = None
    real_share: float = 0.0


def batch_size(width: int, columns: int) -> int:
    """How many lines of a padded width make a batch of so many columns of pixels."""
    return max(_LEAST, columns // max(width, _NARROWEST))


def batches(source: Source, max_width: Synchronized[int]) -> Iterator[Batch]:
    """Batches for ever, each as soon as enough lines of one width have been drawn."""
    waiting: dict[int, list[tuple[NDArray[np.uint8], list[int]]]] = {}
    for drawn, line in enumerate(_lines(source, max_width), 1):
        prepared = prepare(line.crop)
        width = prepared.shape[1]
        classes = encode(target(line.text))
        if width > max_width.value or width // 8 < _least_steps(classes):
            continue
        group = waiting.setdefault(width, [])
        group.append((prepared, classes))
        columns = min(source.columns, _COLUMNS_AT_FIRST + _COLUMNS_A_LINE * drawn)
        if len(group) >= batch_size(width, columns):
            yield _batch(waiting.pop(width))


def target(text: str) -> str:
    """What the network is to write: `…` for each three dots of a run of dots.

    CTC needs two steps, 16 pixels, for each of several equal characters, and dots stand closer
    than that; the reader turns `…` back into three dots.
    """
    return _DOTS.sub(lambda run: "…" * (len(run.group()) // 3), text)


def _lines(source: Source, max_width: Synchronized[int]) -> Iterator[Line]:
    renderer = Renderer(source.corpus, source.seed)
    rng = random.Random(source.seed)
    degrader = Degrader(rng, source.seed)
    real: list[LabelledLine] = load_labelled(source.real) if source.real else []
    while True:
        renderer.max_ratio = max_width.value / HEIGHT
        if real and rng.random() < source.real_share:
            line = rng.choice(real)
            yield Line(degrader.touch(line.crop), clean(line.text))
        else:
            try:
                yield renderer.draw()
            except (ValueError, IndexError, cv2.error):
                _log.exception("a line cannot be drawn; the next one is")


def _least_steps(classes: list[int]) -> int:
    """CTC needs a step a character and a blank between two of the same."""
    return len(classes) + sum(a == b for a, b in pairwise(classes))


def _batch(group: list[tuple[NDArray[np.uint8], list[int]]]) -> Batch:
    return Batch(
        from_numpy(np.stack([image for image, _ in group])),
        np.array([number for _, classes in group for number in classes], np.int32),
        np.array([len(classes) for _, classes in group], np.int32),
    )


class BatchProcesses:
    """Renderers in processes of their own, a few batches ahead of the training."""

    def __init__(self, source: Source, max_width: int, count: int = 1) -> None:
        """Start drawing; each process draws lines of its own."""
        context = multiprocessing.get_context("spawn")
        self._queue = context.Queue(_QUEUED)
        self._max_width = context.Value("i", max_width)
        self._processes = [
            context.Process(
                target=_draw,
                args=(
                    replace(source, seed=source.seed + number * _SEEDS),
                    self._max_width,
                    self._queue,
                ),
                daemon=True,
            )
            for number in range(count)
        ]
        for process in self._processes:
            process.start()

    def set_max_width(self, max_width: int) -> None:
        """Let lines be wider from now on; in pixels at 48 high."""
        self._max_width.value = max_width

    def next(self) -> Batch:
        """The next batch. Raises RuntimeError where a process has ended, which told why."""
        while True:
            try:
                return self._queue.get(timeout=_LOOK_S)
            except queue.Empty:
                if not all(process.is_alive() for process in self._processes):
                    raise RuntimeError("a process that draws lines has ended") from None

    def is_empty(self) -> bool:
        """Whether the next batch would have to be waited for."""
        return self._queue.empty()

    def stop(self) -> None:
        """End the processes; batches not yet taken are dropped."""
        for process in self._processes:
            process.terminate()
            process.join()


def _draw(
    source: Source, max_width: Synchronized[int], drawn: multiprocessing.Queue[Batch]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    for batch in batches(source, max_width):
        drawn.put(batch)
