"""One page's way to the device: pictures in, results out, grouped into what can share a batch."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from worker.ocr.batcher import Answer, Batcher, Group
from worker.ocr.detection.crops import Crop
from worker.ocr.networks.inference import Key, Sight, Task
from worker.ocr.networks.recognizer import PIXELS_PER_STEP
from worker.ocr.networks.steps import Steps
from worker.ocr.recognition.calibration import UNCALIBRATED, Calibration
from worker.ocr.recognition.ctc import Floats, Ints, Span, words_of
from worker.ocr.recognition.guessing import guessed
from worker.ocr.recognition.language import Language
from worker.ocr.recognition.lines import HEIGHT, Picture, natural_width, padded_width, prepare
from worker.ocr.recognition.marks import decode
from worker.ocr.recognition.spaces import settled
from worker.ocr.recognition.spacing import Ink, fitted, ink_of
from worker.ocr.recognition.strokes import told_apart
from worker.ocr.recognition.syllables import whole_syllables
from worker.ocr.sights.recipes import Cut, Scaling
from worker.ocr.sights.showing import Showing, ShownLast
from worker.ocr.turn import Host, Turn

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
    None for the default one. Without a `language` what the network sees best is what is read; one
    that `guesses` asks it more of words that are cut.
    What the networks are given is made by `showing`; while it waits the page's `turn` is another's.
    Every call raises what the watch's `check` raises.
    """

    batcher: Batcher
    job: str
    characters: str
    recognizer: nn.Module | None = None
    calibration: Calibration = UNCALIBRATED
    language: Language | None = None
    watch: Watch = UNWATCHED
    showing: Showing = field(default_factory=ShownLast)
    turn: Turn = field(default_factory=lambda: Host().turn())
    guesses: bool = False

    def probability(self, view: Sight) -> NDArray[np.float32]:
        """The detector's map (H, W) of what it sees of a page."""
        found: NDArray[np.float32] = self._run("detect", [view])[0]
        return found

    def chances(self, windows: Sequence[Sight]) -> list[float]:
        """How likely the line of each window (48, 192) stands on its head."""
        return self._run("classify", windows)

    def words(self, lines: Sequence[Crop]) -> list[list[Span]]:
        """Read lines: the words of each."""
        cuts = [line.parts() for line in lines]
        read = iter(self._read([part for cut in cuts for part, _, _ in cut]))
        return [
            next(read)
            if len(cut) == 1
            else [word.within(start, end) for _, start, end in cut for word in next(read)]
            for cut in cuts
        ]

    def _read(self, lines: Sequence[Crop]) -> list[list[Span]]:
        sights = [LineSight(line) for line in lines]
        steps: list[Steps] = self._run("recognize", sights)
        best: tuple[Sequence[Ints], Sequence[Floats]]
        best = [line.classes for line in steps], [line.confidences for line in steps]
        if self.guesses and self.language is not None:
            best = guessed(*best, self.characters, self.language)
        decoded = decode(*best, self.characters, self.language)
        num_steps = np.array([sight.width for sight in sights]) / PIXELS_PER_STEP
        decoded = settled(
            decoded,
            *best,
            self.characters,
            lambda line: (sights[line].pixels, float(num_steps[line])),
        )
        words = words_of(decoded, num_steps)
        inks = [sight.inked(line) for sight, line in zip(sights, steps, strict=True)]
        spans = fitted(words, inks).spans(self.calibration)
        if self.language is None:
            return spans
        return [told_apart(whole_syllables(line, self.language)) for line in spans]

    def _run(self, task: Task, sights: Sequence[Sight]) -> list[Any]:
        by_size = self._by_size(task, sights)
        recognizer = self.recognizer if task == "recognize" else None
        groups = [
            Group(
                Key(task, height, width, recognizer),
                self.showing.shown(task, [sights[number] for number in numbers]),
                height * width,
            )
            for (height, width), numbers in by_size.items()
        ]
        answer = self.batcher.submit(groups, job=self.job, is_bulk=self.watch.is_bulk)
        try:
            with self.turn.away():
                self._wait_for(answer, len(sights))
        finally:
            answer.cancel()  # where nobody waits any more
        order = chain.from_iterable(by_size.values())
        results = dict(zip(order, answer.result(), strict=True))
        return [results[number] for number in range(len(sights))]

    def _wait_for(self, answer: Answer, num_left: int) -> None:
        """Until all is answered, or something failed."""
        is_over = False
        while not is_over:
            self.watch.check()
            is_over = answer in wait((answer,), _LOOK_S).done
            if answer.num_left < num_left:
                num_left = answer.num_left
                self.watch.progress()

    def _by_size(self, task: Task, sights: Sequence[Sight]) -> dict[tuple[int, int], list[int]]:
        numbers: dict[tuple[int, int], list[int]] = {}
        for number, sight in enumerate(sights):
            numbers.setdefault(self.showing.size(task, sight), []).append(number)
        return numbers


class LineSight:
    """A line as the recogniser sees it."""

    def __init__(self, line: Crop) -> None:
        self._size = line.shape
        self.width = natural_width(*self._size)
        self.shape = HEIGHT, padded_width(self.width)
        self._ink: Ink | None = None
        self._pixels: Picture | None = None
        self._line = line

    @property
    def pixels(self) -> Picture:
        """The line (H, W, 3), cut out once."""
        # No `cached_property`: that of Python 3.11 has one lock for the lines of all pages.
        if self._pixels is None:
            self._pixels = self._line.pixels()
        return self._pixels

    def shown(self) -> Picture:
        """BGR (48, W', 3)."""
        self._ink = ink_of(self.pixels)
        return prepare(self.pixels)

    def recipe(self) -> Cut | None:
        """The same, for a device that makes it."""
        place = self._line.place
        if place is None:
            return None
        scaling = Scaling.AREA if self._size[0] > HEIGHT else Scaling.CUBIC
        columns = 0, self._size[1], self.width, self.shape[1]
        return Cut(self._line.picture, place, self._size, *columns, scaling)

    def inked(self, steps: Steps) -> Ink:
        """Where it has ink, once it was shown; a device that made it has told."""
        if steps.profile is not None:
            return Ink(steps.profile[: self._size[1]], self._size[0])
        return self._ink or ink_of(self.pixels)
