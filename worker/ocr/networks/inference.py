"""The three networks on their device: from prepared pictures to plain arrays, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from worker.ocr.batcher import DeviceLost, DeviceOutOfMemory
from worker.ocr.networks.device import GPU_BATCHES, GPU_PAGES, GPU_SIDES, GPU_WIDTHS, Device
from worker.ocr.networks.graphs import Graphs
from worker.ocr.networks.orientation import WINDOW
from worker.ocr.networks.placing import placed, placed_recognizer
from worker.ocr.networks.recognizer import PIXELS_PER_STEP
from worker.ocr.networks.steps import Steps, best_of
from worker.ocr.recognition.lines import HEIGHT, Picture, normalised, to_tensor
from worker.ocr.sights.filling import Given, brought, filled
from worker.ocr.sights.recipes import Recipe
from worker.ocr.sights.sampling import Placed
from worker.ocr.sights.viewing import Viewed
from worker.ocr.turn import DEVICE_PATIENCE_S, Host

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


_STREAMS_OF_A_TURN = 4
"""What is made for a page takes the host a twentieth of what the networks take a core: so no stream
waits for another's turn for long."""
_SHORT_OF_MEMORY = "allocate memory", "not enough memory", "ALLOC_FAILED"
"""What the processor's allocator, torch and CUDA's libraries say then."""
_MOST_RECORDED = 6_000_000
"""Pixels of a batch: in a larger one a GPU is busy for longer than it takes to be told."""
_RECORDING_S = 60
"""What a start may take for it; what is not recorded by then runs step by step."""


class Networks:
    """Detector, orientation classifier and recogniser; the batcher's threads call them.

    `told` hears of each call: which network, and of how many pictures. Pages take turns with what
    is done for the networks at their `host`.
    """

    def __init__(
        self, detector: nn.Module, classifier: nn.Module, recognizer: nn.Module, device: Device
    ) -> None:
        self.device = device
        self.host = Host(max(1, device.num_streams // _STREAMS_OF_A_TURN))
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

        On a GPU they may be smaller than the key says, or be made there. `detect` gives probability
        maps (H, W), `classify` the probability that the line stands on its head, `recognize` Steps.
        Raises DeviceOutOfMemory and DeviceLost.
        """
        torch.set_num_threads(1)
        self.told(key.task, len(sights))
        results: list[Any] = []
        with device_errors(), torch.inference_mode():
            run = self._run_filled if self.device.is_gpu else self._run
            given, are_pages = self._made(sights), key.task == "detect"
            for size in self.device.batch_sizes(len(given), are_pages=are_pages):
                results += run(key, given[len(results) : len(results) + size])
        return results

    @property
    def num_recorded(self) -> int:
        """Shapes of batches that a GPU runs as one launch each."""
        return len(self._graphs)

    def warm_up(self) -> None:
        """Prepare a GPU for the shapes of batches that there are, the most usual first, and record
        them: else a page would wait for that, for seconds."""
        kind, most = self.device.kind, min(_MOST_RECORDED, 2 * self.device.budget)
        with device_errors(), torch.inference_mode(), torch.cuda.device(kind):
            ends = time.monotonic() + _RECORDING_S
            for key, number in _usual_batches():
                if key.height * key.width * number <= most and time.monotonic() < ends:
                    size = key.height, key.width
                    pixels = torch.zeros(number, *size, 3, dtype=torch.uint8, device=kind)
                    sizes = torch.tensor([size] * number, device=kind)
                    self._graphs.record(key, partial(self._seen, key), pixels, sizes)

    def _made(self, sights: Sequence[Sight | Given]) -> Sequence[Any]:
        """What a batch is made of: given to a GPU, most of it, made here for a processor."""
        if self.device.is_gpu:
            return list(map(_given, sights))
        with self.host.turn(DEVICE_PATIENCE_S):
            return list(map(shown, sights))

    def _run(self, key: Key, pictures: Sequence[Picture]) -> Sequence[Any]:
        batch = to_tensor(pictures, self.device.kind, self.device.dtype)
        return _results(key, [said.numpy() for said in self._said(key, batch)])

    def _run_filled(self, key: Key, given: Sequence[Given]) -> Sequence[Any]:
        """Likewise as a batch of one of few shapes; what fills it up is not answered."""
        size, number = (key.height, key.width), self.device.filled(len(given))
        batch = filled(given, size, number, self.device.kind, inked=key.task == "recognize")
        said = self._graphs.run(key, partial(self._seen, key), batch.pixels, batch.sizes)
        told = brought([*(one[: len(given)] for one in said), *batch.profiles.values()])
        results = _results(key, told[: len(said)], batch.own)
        for places, profiles in zip(batch.profiles, told[len(said) :], strict=True):
            for place, profile in zip(places, profiles, strict=True):
                results[place] = replace(results[place], profile=profile)
        return results

    def _seen(self, key: Key, pixels: Tensor, sizes: Tensor) -> Sequence[Tensor]:
        """What a network says of pixels (B, H, W, 3) on a GPU, of pictures so large (B, 2)."""
        batch = normalised(pixels.permute(0, 3, 1, 2)).to(self.device.dtype)
        return self._said(key, batch, sizes)

    def _said(self, key: Key, batch: Tensor, sizes: Tensor | None = None) -> Sequence[Tensor]:
        match key.task:
            case "detect":
                own = () if sizes is None else (sizes,)
                return [self._detector(batch, *own)[:, 0].float()]
            case "classify":
                return [self._classifier(batch)[:, 1].float()]
            case "recognize":
                own = () if sizes is None else (sizes[:, 1],)
                lines = (key.recognizer or self._recognizer)(batch, *own)
                return best_of(lines.softmax(2))


def _usual_batches() -> Iterator[tuple[Key, int]]:
    """The batches that a GPU is prepared for: how large, and of how many pictures."""
    pages = [Key("detect", high, wide) for high, wide in _pages()]
    yield from ((page, 1) for page in pages)
    yield pages[0], GPU_PAGES
    lines = [Key("recognize", HEIGHT, width) for width in reversed(GPU_WIDTHS)]
    windows = Key("classify", *WINDOW)
    yield from ((key, number) for number in reversed(GPU_BATCHES) for key in (*lines, windows))


def _pages() -> list[tuple[int, int]]:
    """The sizes of pages, that of most documents first."""
    large, less = GPU_SIDES[-1], GPU_SIDES[-2]
    sizes = [(high, wide) for high in GPU_SIDES for wide in GPU_SIDES]
    return sorted(sizes, key=lambda size: size != (large, less))


def _results(
    key: Key, said: Sequence[NDArray[Any]], sizes: Sequence[tuple[int, int]] = ()
) -> list[Any]:
    """A result for each picture of a batch, which may be less large than the key says."""
    if key.task == "classify":
        return [float(chance) for chance in said[0]]
    sizes = sizes or [(key.height, key.width)] * len(said[0])
    if key.task == "detect":
        return [
            np.ascontiguousarray(chances[:height, :width])
            for chances, (height, width) in zip(said[0], sizes, strict=True)
        ]
    num_steps = [width // PIXELS_PER_STEP for _, width in sizes]
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
