"""Networks that answer from memory, at once: what is left is the cost of everything beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from worker.ocr.networks.detector import Detector
from worker.ocr.networks.inference import Networks
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.recognizer import Recognizer

_NETWORKS: tuple[type[nn.Module], ...] = (Detector, OrientationClassifier, Recognizer)
_ROWS, _COLUMNS = 12, 96
"""Of a picture so many pixels are looked at to know it again."""
_COUNTS = 3
Answers = dict[str, Tensor]


class Counts:
    """Seconds of processor time in the device's part and in the memory's, and what it did not know.

    They lie in a file, so that who measures reads them while the worker works.
    """

    def __init__(self, path: Path, *, is_new: bool = False) -> None:
        mode = "w+" if is_new else "r"
        self._numbers = np.memmap(path, np.float64, mode, shape=(_COUNTS,))
        self._lock = threading.Lock()

    def add(self, device_s: float = 0, memory_s: float = 0, unknown: int = 0) -> None:
        """Count something on top."""
        with self._lock:
            self._numbers += (device_s, memory_s, unknown)

    def now(self) -> tuple[float, float, int]:
        """Seconds in the device's part, of these in the memory, and pictures unknown so far."""
        device_s, memory_s, unknown = self._numbers.tolist()
        return device_s, memory_s, int(unknown)


def answer_from(answers: Answers, counts: Counts) -> None:
    """Let all networks of this process do so; what they do not know they compute, and remember."""
    for network in _NETWORKS:
        network.forward = _remembering(network.forward, answers, counts)  # type: ignore[method-assign]
    for name, method in vars(Networks).items():
        if callable(method) and not name.startswith("_") and name != "place":
            setattr(Networks, name, _timed(method, counts))


def save(answers: Answers, path: Path) -> None:
    """Write what was remembered to a file."""
    torch.save(answers, path)


def load(path: Path) -> Answers:
    """Read it back."""
    answers: Answers = torch.load(path, weights_only=True)
    return answers


def _remembering(
    forward: Callable[[nn.Module, Tensor], Tensor], answers: Answers, counts: Counts
) -> Callable[[nn.Module, Tensor], Tensor]:
    def answer(network: nn.Module, batch: Tensor) -> Tensor:
        began = time.thread_time()
        names = [f"{type(network).__name__} {name}" for name in _names_of(batch)]
        unknown = sum(name not in answers for name in names)
        if unknown:
            answers.update(zip(names, forward(network, batch).clone(), strict=True))
        result = torch.stack([answers[name] for name in names])
        counts.add(memory_s=time.thread_time() - began, unknown=unknown)
        return result

    return answer


def _names_of(batch: Tensor) -> list[str]:
    """What tells the pictures of a batch (B, C, H, W) apart, in every number type alike."""
    height, width = batch.shape[2:]
    few = batch[:, :, :: max(1, height // _ROWS), :: max(1, width // _COLUMNS)]
    looks = few.detach().to("cpu", torch.bfloat16).contiguous().view(torch.int16).numpy()
    return [f"{height}x{width} {blake2b(look.tobytes()).hexdigest()}" for look in looks]


_depth = threading.local()


def _timed(method: Callable[..., Any], counts: Counts) -> Callable[..., Any]:
    """The method, with its processor time counted, but where another counted one called it."""

    @wraps(method)
    def run(*args: Any, **named: Any) -> Any:
        if getattr(_depth, "is_inside", False):
            return method(*args, **named)
        began, _depth.is_inside = time.thread_time(), True
        try:
            return method(*args, **named)
        finally:
            _depth.is_inside = False
            counts.add(device_s=time.thread_time() - began)

    return run
