"""The three networks on their device: from prepared pictures to plain arrays, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.batcher import DeviceLost, DeviceOutOfMemory
from worker.ocr.networks.device import GPU_BATCHES, GPU_WIDTHS, Device
from worker.ocr.networks.graphs import Graphs
from worker.ocr.networks.placing import placed, placed_recognizer
from worker.ocr.networks.recognizer import PIXELS_PER_STEP
from worker.ocr.recognition.lines import HEIGHT, Picture, normalised, to_tensor
from worker.ocr.sights.filling import Given, brought, filled
from worker.ocr.sights.recipes import Recipe
from worker.ocr.sights.sampling import Placed
from worker.ocr.sights.viewing import Viewed

Task = Literal["detect", "classify", "recognize"]


class Sight(Protocol):
    """What a network is to be shown: its size in pixels is known before it is made.

    It is made where the device's threads run: on a processor that is a part of what they do.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        ...

    def shown(self) -> Picture:
        """Make the BGR picture (H, W, 3)."""
        ...

    def recipe(self) -> Recipe | None:
        """How a device makes it of the page; None where only the host can."""
        ...


class Key(NamedTuple):
    """What pictures of one batch have in common: the network and the size in pixels.

    `recognizer` is one that was placed beside the default one; None is the default one.
    """

    task: Task
    height: int
    width: int
    recognizer: nn.Module | None = None


_SHORT_OF_MEMORY = "allocate memory", "not enough memory", "ALLOC_FAILED"
"""What the processor's allocator, torch and CUDA's libraries say then."""
_SURE = 0.995
_MOST_RECORDED = 6_000_000
"""Pixels of a batch: in a larger one a GPU is busy for longer than it takes to be told."""
_RECORDING_S = 30
"""What a start may take for it; what is not recorded by then runs step by step."""
NUM_BEST = 5
"""Classes of each time step that are told: the blank and the marks that a letter may bear."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The best classes (T, K) of each time step of a line, best first, and their probabilities.

    `profile` is where it has ink (`spacing.py`), then blanks, if a device made its picture.
    """

    classes: NDArray[np.int64]
    confidences: NDArray[np.float32]
    profile: NDArray[np.float32] | None = None


class Networks:
    """Detector, orientation classifier and recogniser; the batcher's threads call them.

    `told` hears of each call: which network, and of how many pictures.
    """

    def __init__(
        self, detector: nn.Module, classifier: nn.Module, recognizer: nn.Module, device: Device
    ) -> None:
        self.device = device
        self.told: Callable[[Task, int], object] = lambda task, number: None
        self._detector = placed(detector, device.kind, device.dtype)
        self._classifier = placed(classifier, device.kind, device.dtype)
        self._recognizer = self.place(recognizer)
        self._graphs = Graphs()

    def place(self, recognizer: nn.Module) -> nn.Module:
        """Bring a recogniser to the device, ready to be named in a Key."""
        return placed_recognizer(recognizer, self.device.kind, self.device.dtype)

    def run(self, key: Key, sights: Sequence[Sight | Given]) -> Sequence[Any]:
        """Run one network on sights or BGR pictures (H, W, 3) of one size: a result for each.

        On a GPU they may be less wide than the key, or be made there. `detect` gives probability
        maps (H, W), `classify` the probability that the line stands on its head, `recognize` Steps.
        Raises DeviceOutOfMemory and DeviceLost.
        """
        torch.set_num_threads(1)
        self.told(key.task, len(sights))
        results: list[Any] = []
        with device_errors(), torch.inference_mode():
            for size in self.device.batch_sizes(len(sights)):
                part = sights[len(results) : len(results) + size]
                if self.device.is_gpu:
                    results += self._run_filled(key, [_given(sight) for sight in part])
                else:
                    results += self._run(key, [shown(sight) for sight in part])
        return results

    @property
    def num_recorded(self) -> int:
        """Shapes of batches that a GPU runs as one launch each."""
        return len(self._graphs)

    def warm_up(self, views: Sequence[tuple[int, int]]) -> None:
        """Prepare a GPU for the shapes of batches that are usual, and record them.

        `views` are the sizes (H, W) of pages as the detector sees them. To prepare takes seconds,
        in which a page would wait.
        """
        keys = [Key("detect", *view) for view in views]
        keys += [Key("recognize", HEIGHT, width) for width in reversed(GPU_WIDTHS)]
        keys += [Key("classify", HEIGHT, 4 * HEIGHT)]
        most = min(_MOST_RECORDED, 2 * self.device.budget)
        with device_errors(), torch.inference_mode(), torch.cuda.device(self.device.kind):
            ends = time.monotonic() + _RECORDING_S
            for size, key in product(reversed(GPU_BATCHES), keys):
                if key.height * key.width * size <= most and time.monotonic() < ends:
                    pixels = torch.zeros(
                        size, *key[1:3], 3, dtype=torch.uint8, device=self.device.kind
                    )
                    widths = torch.full((size,), key.width, device=self.device.kind)
                    self._graphs.record(key, partial(self._seen, key), pixels, widths)

    def _run(self, key: Key, pictures: Sequence[Picture]) -> Sequence[Any]:
        batch = to_tensor(pictures, self.device.kind, self.device.dtype)
        return _results(key, [said.numpy() for said in self._said(key, batch)])

    def _run_filled(self, key: Key, given: Sequence[Given]) -> Sequence[Any]:
        """Likewise as a batch of one of few shapes; what fills it up is not answered."""
        size, number = (key.height, key.width), self.device.filled(len(given))
        batch = filled(given, size, number, self.device.kind, inked=key.task == "recognize")
        said = self._graphs.run(key, partial(self._seen, key), batch.pixels, batch.widths)
        told = brought([*(one[: len(given)] for one in said), *batch.profiles.values()])
        results = _results(key, told[: len(said)], batch.own)
        for places, profiles in zip(batch.profiles, told[len(said) :], strict=True):
            for place, profile in zip(places, profiles, strict=True):
                results[place] = replace(results[place], profile=profile)
        return results

    def _seen(self, key: Key, pixels: Tensor, widths: Tensor) -> Sequence[Tensor]:
        """What a network says of pixels (B, H, W, 3) on a GPU, of which lines are so wide."""
        batch = normalised(pixels.permute(0, 3, 1, 2)).to(self.device.dtype)
        return self._said(key, batch, widths if key.task == "recognize" else None)

    def _said(self, key: Key, batch: Tensor, widths: Tensor | None = None) -> Sequence[Tensor]:
        match key.task:
            case "detect":
                return [self._detector(batch)[:, 0].float()]
            case "classify":
                return [self._classifier(batch)[:, 1].float()]
            case "recognize":
                recognizer = key.recognizer or self._recognizer
                lines = recognizer(batch) if widths is None else recognizer(batch, widths)
                return best_of(lines.softmax(2))


def _results(
    key: Key, said: Sequence[NDArray[Any]], widths: Sequence[int] | None = None
) -> list[Any]:
    """A result for each picture of a batch."""
    if key.task == "classify":
        return [float(chance) for chance in said[0]]
    if key.task == "detect":
        return list(said[0])
    num_steps = [width // PIXELS_PER_STEP for width in widths or [key.width] * len(said[0])]
    return [
        Steps(classes[:number], confidences[:number])
        for number, classes, confidences in zip(num_steps, *said, strict=True)
    ]


def shown(sight: Sight | Given) -> Picture:
    """What a network sees."""
    given = _given(sight)
    if isinstance(given, np.ndarray):
        return given
    raise TypeError("what a GPU makes is shown to no processor")


def _given(sight: Sight | Given) -> Given:
    """What a batch is made of."""
    return sight if isinstance(sight, np.ndarray | Placed | Viewed) else sight.shown()


def best_of(chances: Tensor) -> tuple[Tensor, Tensor]:
    """The best classes of each time step (B, T, K), best first, and their chances.

    Where one is sure the others are left at 0: to sort all would cost as much as the language does.
    """
    return (_all_best if chances.is_cuda else _few_best)(chances)


def _few_best(chances: Tensor) -> tuple[Tensor, Tensor]:
    """Sorted where it is needed alone."""
    first = chances.max(2)
    classes = torch.zeros(*first.indices.shape, NUM_BEST, dtype=torch.int64, device=chances.device)
    confidences = torch.zeros_like(classes, dtype=chances.dtype)
    classes[:, :, 0], confidences[:, :, 0] = first.indices, first.values
    unsure = first.values < _SURE
    few = chances[unsure].topk(min(NUM_BEST, chances.shape[2]), 1)
    classes[unsure, : few.indices.shape[1]] = few.indices
    confidences[unsure, : few.values.shape[1]] = few.values
    return classes, confidences


def _all_best(chances: Tensor) -> tuple[Tensor, Tensor]:
    """The same without asking in between what is needed: a GPU would wait for each answer."""
    best = chances.topk(min(NUM_BEST, chances.shape[2]), 2)
    told = (best.values[:, :, :1] < _SURE).repeat(1, 1, best.values.shape[2])
    told[:, :, 0] = True
    room = (0, NUM_BEST - best.values.shape[2])
    classes = functional.pad(best.indices * told, room)
    return classes, functional.pad(best.values * told, room)


@contextmanager
def device_errors() -> Iterator[None]:
    """Tell memory that ran out, and a GPU that is gone, from a batch that is bad."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise DeviceOutOfMemory from error
    except torch.AcceleratorError as error:
        raise DeviceLost from error
    except RuntimeError as error:
        if any(words in str(error) for words in _SHORT_OF_MEMORY):
            raise DeviceOutOfMemory from error
        raise
