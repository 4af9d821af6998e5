"""One page's way to the device: pictures in, results out, grouped into what can share a batch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from worker.ocr.batcher import Batcher
from worker.ocr.detection.crops import parts_of
from worker.ocr.networks.inference import Key, Steps, Task
from worker.ocr.networks.recognizer import PIXELS_PER_STEP
from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration
from worker.ocr.recognition.ctc import Span, words_of
from worker.ocr.recognition.language import Language, decode
from worker.ocr.recognition.lines import Picture, natural_width, prepare
from worker.ocr.recognition.spacing import fitted, ink_of

_LOOK_S = 0.25
"""How often somebody who waits for the device looks whether the page is still wanted."""


class Watch(Protocol):
    """Whoever wants a page read; `is_bulk`: and is in no hurry."""

    @property
    def is_bulk(self) -> bool:
        """Whether the page may wait for those of others."""
        ...

    def check(self) -> None:
        """Raise what ends the reading, once nobody wants the page any more."""
        ...

    def progress(self) -> None:
        """Note that a step of the reading is done."""
        ...


class _Unwatched:
    is_bulk = False

    def check(self) -> None:
        pass

    def progress(self) -> None:
        pass


UNWATCHED: Watch = _Unwatched()


@dataclass(frozen=True, slots=True)
class BatchClient:
    """The device as one job sees it; every call waits for its results.

    `characters` are what the recogniser writes: class `i + 1` is character `i`. `recognizer` is
    None for the default one. Without a `language` what the network sees best is what is read.
    Every call raises what the watch's `check` raises.
    """

    batcher: Batcher
    job: str
    characters: str
    recognizer: nn.Module | None = None
    calibration: Calibration = UNCALIBRATED
    language: Language | None = None
    watch: Watch = UNWATCHED

    def probability(self, picture: Picture) -> NDArray[np.float32]:
        """The detector's map (H, W) of a BGR picture (H, W, 3)."""
        found: NDArray[np.float32] = self._run("detect", [picture])[0]
        return found

    def chances(self, windows: Sequence[Picture]) -> list[float]:
        """How likely each line window (48, 192, 3) stands on its head."""
        return self._run("classify", windows)

    def words(self, lines: Sequence[Picture]) -> list[list[Span]]:
        """Read RGB line pictures (H, W, 3): the words of each."""
        cuts = [parts_of(line) for line in lines]
        parts = [
            line[:, start:end] for line, cut in zip(lines, cuts, strict=True) for start, end in cut
        ]
        read = iter(self._decoded(parts, self._run("recognize", [prepare(part) for part in parts])))
        return [
            next(read)
            if len(cut) == 1
            else [
                word.within(start / line.shape[1], end / line.shape[1])
                for start, end in cut
                for word in next(read)
            ]
            for line, cut in zip(lines, cuts, strict=True)
        ]

    def _decoded(self, parts: Sequence[Picture], steps: Sequence[Steps]) -> list[list[Span]]:
        decoded = decode(
            [line.classes for line in steps],
            [line.confidences for line in steps],
            self.characters,
            self.language,
        )
        widths = np.array([natural_width(*part.shape[:2]) for part in parts])
        words = words_of(decoded, widths / PIXELS_PER_STEP)
        return fitted(words, [ink_of(part) for part in parts]).spans(self.calibration)

    def _run(self, task: Task, pictures: Sequence[Picture]) -> list[Any]:
        futures: dict[int, Future[Any]] = {}
        for (height, width), numbers in _by_size(pictures).items():
            submitted = self.batcher.submit(
                Key(task, height, width, self.recognizer if task == "recognize" else None),
                [pictures[number] for number in numbers],
                pixels=height * width,
                job=self.job,
                is_bulk=self.watch.is_bulk,
            )
            futures |= zip(numbers, submitted, strict=True)
        try:
            return [self._result(futures[number]) for number in range(len(pictures))]
        finally:
            # Where one has failed nobody wants the others.
            for future in futures.values():
                future.cancel()

    def _result(self, future: Future[Any]) -> Any:
        while not future.done():
            self.watch.check()
            wait([future], _LOOK_S)
        self.watch.progress()
        return future.result()


def _by_size(pictures: Sequence[Picture]) -> dict[tuple[int, int], list[int]]:
    numbers: dict[tuple[int, int], list[int]] = {}
    for number, picture in enumerate(pictures):
        numbers.setdefault((picture.shape[0], picture.shape[1]), []).append(number)
    return numbers
