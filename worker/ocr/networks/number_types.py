"""Which number type a GPU runs the networks in: one that is faster and sees the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy

import cv2
import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from worker.ocr.networks.graphs import Graphs
from worker.ocr.networks.placing import placed, placed_recognizer
from worker.ocr.recognition.lines import to_tensor

HALF_TYPES = (torch.float16, torch.bfloat16)
"""The finer one first: they are equally fast where both are fast."""
_SAME_STEPS = 0.995
"""Of the time steps of which the exact network is sure: the share that must be seen alike."""
_SURE = 0.9
_SAME_PIXELS = 0.998
"""Of a page: the share that must come out on the same side of where text begins."""
_TEXT = 0.3
_NUM_LINES = 32
_NUM_TRIALS = 10
"""Others may start on the same GPU at the same time: the best of so many counts."""
_log = structlog.get_logger()


def sample_page(height: int = 992, width: int = 768) -> NDArray[np.uint8]:
    """A page (H, W, 3) of 27 lines that every recogniser can read."""
    page = np.full((height, width, 3), 255, np.uint8)
    for number, bottom in enumerate(range(45, height - 30, 35)):
        text = f"Doc chu 0123456789 abcdefg XYZ, hang thu {number}"[: 44 - number]
        cv2.putText(page, text, (30, bottom), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20,) * 3, 1, 16)
    return page


def faster_same(
    detector: nn.Module,
    recognizer: nn.Module,
    kind: torch.device,
    candidates: Sequence[torch.dtype] = HALF_TYPES,
) -> torch.dtype:
    """The first number type that is faster and in which both networks see what float32 sees."""
    exact_s, exact = _seen(detector, recognizer, kind, torch.float32)
    for dtype in candidates:
        took_s, seen = _seen(detector, recognizer, kind, dtype)
        if took_s < exact_s and _is_same(exact, seen):
            gain = round(exact_s / took_s, 2)
            _log.info("number type chosen", device=str(kind), dtype=str(dtype), gain=gain)
            return dtype
    return torch.float32


_Seen = tuple[Tensor, Tensor]
"""The chances (B, T, C) of the lines' steps, the map (1, 1, H, W) of the page; both exact."""


@torch.inference_mode()
def _seen(
    detector: nn.Module, recognizer: nn.Module, kind: torch.device, dtype: torch.dtype
) -> tuple[float, _Seen]:
    """What the networks see of the sample in a number type, and the seconds that it takes."""
    page = to_tensor([sample_page()])
    detect = placed(deepcopy(detector), kind, dtype)
    recognize = placed_recognizer(deepcopy(recognizer), kind, dtype)
    tops = [14 + 35 * (number % 27) for number in range(_NUM_LINES)]
    lines = torch.cat([page[:, :, top : top + 48, :704] for top in tops])
    views = [one.to(kind, dtype, memory_format=torch.channels_last) for one in (page, lines)]
    graphs = Graphs()

    def work(page: Tensor, lines: Tensor) -> Sequence[Tensor]:
        return recognize(lines).float().softmax(2), detect(page).float()

    def run() -> Sequence[Tensor]:
        said = graphs.run("trial", work, *views)
        if kind.type == "cuda":
            torch.cuda.synchronize(kind)
        return said

    if kind.type == "cuda":
        # As pages are read: told step by step a GPU waits for that, in whatever number type.
        with torch.cuda.device(kind):
            graphs.record("trial", work, *views)
    lines_said, page_said = (one.cpu() for one in run())
    return min(_duration_s(run) for _ in range(_NUM_TRIALS)), (lines_said, page_said)


def _is_same(exact: _Seen, seen: _Seen) -> bool:
    if not all(bool(one.isfinite().all()) for one in seen):
        return False
    sure, best = exact[0].max(2)
    steps = (seen[0].argmax(2) == best)[sure > _SURE].float().mean()
    pixels = ((seen[1] > _TEXT) == (exact[1] > _TEXT)).float().mean()
    return float(steps) >= _SAME_STEPS and float(pixels) >= _SAME_PIXELS


def _duration_s(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
