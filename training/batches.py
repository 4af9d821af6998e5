"""Batches of lines of equal padded width, made by a process beside the training."""

from __future__ import annotations

import multiprocessing
import random
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.degrade import Degrader
from training.prose import clean
from training.real import LabelledLine, load_labelled
from training.render import Line, Renderer
from worker.ocr.recognition.charset import encode
from worker.ocr.recognition.lines import HEIGHT, prepare

_PIXELS_PER_BATCH = 10_000
"""Columns of pixels in a batch: about 18 lines of 550."""
_LEAST, _MOST = 8, 32
_QUEUED = 24
_DOTS = re.compile(r"\.{3,}")


@dataclass(frozen=True)
class Batch:
    """Lines of one padded width: BGR uint8 (B, 48, W, 3), and their class numbers end to end."""

    images: NDArray[np.uint8]
    classes: NDArray[np.int32]
    lengths: NDArray[np.int32]


@dataclass(frozen=True)
class Source:
    """Where the lines come from, and how wide they may be."""

    corpus: Path
    seed: int
    real: Path | None = None
    real_share: float = 0.0


def batch_size(width: int) -> int:
    """How many lines of a padded width make a batch."""
    return min(_MOST, max(_LEAST, _PIXELS_PER_BATCH // width))


def batches(source: Source, max_width: Synchronized[int]) -> Iterator[Batch]:
    """Batches for ever, each as soon as enough lines of one width have been drawn."""
    waiting: dict[int, list[tuple[NDArray[np.uint8], list[int]]]] = {}
    for line in _lines(source, max_width):
        prepared = prepare(line.crop)
        width = prepared.shape[1]
        classes = encode(target(line.text))
        if width > max_width.value or width // 8 < _least_steps(classes):
            continue
        group = waiting.setdefault(width, [])
        group.append((prepared, classes))
        if len(group) >= batch_size(width):
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
            yield renderer.draw()


def _least_steps(classes: list[int]) -> int:
    """CTC needs a step a character and a blank between two of the same."""
    return len(classes) + sum(a == b for a, b in pairwise(classes))


def _batch(group: list[tuple[NDArray[np.uint8], list[int]]]) -> Batch:
    return Batch(
        np.stack([image for image, _ in group]),
        np.array([number for _, classes in group for number in classes], np.int32),
        np.array([len(classes) for _, classes in group], np.int32),
    )


class BatchProcess:
    """A renderer in a process of its own, a few batches ahead of the training."""

    def __init__(self, source: Source, max_width: int) -> None:
        """Start drawing."""
        context = multiprocessing.get_context("spawn")
        self._queue = context.Queue(_QUEUED)
        self._max_width = context.Value("i", max_width)
        arguments = (source, self._max_width, self._queue)
        self._process = context.Process(target=_draw, args=arguments, daemon=True)
        self._process.start()

    def set_max_width(self, max_width: int) -> None:
        """Let lines be wider from now on; in pixels at 48 high."""
        self._max_width.value = max_width

    def next(self) -> Batch:
        """The next batch. Raises queue.Empty if none comes for two minutes."""
        return self._queue.get(timeout=120)

    def stop(self) -> None:
        """End the process; batches not yet taken are dropped."""
        self._process.terminate()
        self._process.join()


def _draw(
    source: Source, max_width: Synchronized[int], queue: multiprocessing.Queue[Batch]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    for batch in batches(source, max_width):
        queue.put(batch)
