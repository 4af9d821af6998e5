"""The three networks on their device: from prepared pictures to plain arrays, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.batcher import DeviceLost, DeviceOutOfMemory
from worker.ocr.networks.device import Device
from worker.ocr.recognition.lines import Picture, to_tensor

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
NUM_BEST = 5
"""Classes of each time step that are told: the blank and the marks that a letter may bear."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The best classes (T, K) of each time step of a line, best first, and their probabilities."""

    classes: NDArray[np.int64]
    confidences: NDArray[np.float32]


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

    def place(self, recognizer: nn.Module) -> nn.Module:
        """Bring a recogniser to the device, ready to be named in a Key."""
        return placed_recognizer(recognizer, self.device.kind, self.device.dtype)

    def run(self, key: Key, sights: Sequence[Sight | Picture]) -> Sequence[Any]:
        """Run one network on sights or BGR pictures (H, W, 3) of one size: a result for each.

        `detect` gives probability maps (H, W), `classify` the probability that the line stands on
        its head, `recognize` Steps. Raises DeviceOutOfMemory and DeviceLost.
        """
        torch.set_num_threads(1)
        self.told(key.task, len(sights))
        results: list[Any] = []
        with _device_errors(), torch.inference_mode():
            for size in self.device.batch_sizes(len(sights)):
                part = sights[len(results) : len(results) + size]
                results += self._run(key, list(map(shown, part)))
        return results

    def _run(self, key: Key, pictures: Sequence[Picture]) -> Sequence[Any]:
        batch = to_tensor(pictures, self.device.kind, self.device.dtype)
        match key.task:
            case "detect":
                return self._detect(batch)
            case "classify":
                return self._classify(batch)
            case "recognize":
                return self._recognize(key.recognizer or self._recognizer, batch)

    def _detect(self, batch: Tensor) -> list[NDArray[np.float32]]:
        maps = self._through(self._detector, batch)
        return list(maps[:, 0].float().cpu().numpy())

    def _classify(self, batch: Tensor) -> list[float]:
        chances = self._through(self._classifier, batch)
        return [float(chance) for chance in chances[:, 1].float().cpu()]

    def _recognize(self, recognizer: nn.Module, batch: Tensor) -> list[Steps]:
        chances = self._through(recognizer, batch).softmax(2)
        classes, confidences = best_of(chances)
        return [Steps(*line) for line in zip(classes, confidences, strict=True)]

    def _through(self, network: nn.Module, batch: Tensor) -> Tensor:
        """What a network says of a batch, which it is shown filled up to one of few sizes."""
        missing = self.device.filled(len(batch)) - len(batch)
        seen = batch
        if missing:
            seen = torch.cat([batch, batch[-1:].expand(missing, -1, -1, -1)])
            seen = seen.contiguous(memory_format=torch.channels_last)
        said: Tensor = network(seen)
        return said[: len(batch)]


def placed(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A network on a device, in a number type, ready to run."""
    there = network.eval().to(kind, dtype)
    return there.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def placed_recognizer(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A recogniser likewise, its head exact: logits of 8 bits would be confidences in steps of a
    tenth."""
    there = placed(network, kind, dtype)
    head = there.get_submodule("head").float()
    head.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    return there


def shown(sight: Sight | Picture) -> Picture:
    """What a network sees."""
    return sight if isinstance(sight, np.ndarray) else sight.shown()


def best_of(chances: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best classes of each time step (B, T, K), best first, and their chances.

    Where one is sure the others are left at 0: to sort all would cost as much as the language does.
    """
    classes, confidences = (_all_best if chances.is_cuda else _few_best)(chances)
    return classes.cpu().numpy(), confidences.cpu().numpy()


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
def _device_errors() -> Iterator[None]:
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
