"""Who makes what the networks see: a GPU by itself, if it makes what the host would make."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import structlog
import torch

from worker.ocr.batcher import DeviceOutOfMemory
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import view_of
from worker.ocr.networks.device import Device
from worker.ocr.networks.inference import Sight, Task, device_errors
from worker.ocr.networks.number_types import sample_page
from worker.ocr.recognition.batch_client import LineSight
from worker.ocr.sights.filling import brought, filled
from worker.ocr.sights.showing import Showing, ShownFirst, ShownLast, ShownThere

_NEAR = 2
_SAME_PIXELS = 0.99
"""The share that must be at most so many grey levels off: older OpenCVs round in the middle."""
_log = structlog.get_logger()


def showing_for(device: Device) -> Showing:
    """The way that suits a device; for a GPU it is tried, as its libraries are many."""
    if not device.is_gpu:
        return ShownLast()
    showing = ShownThere(device)
    try:
        with device_errors(), torch.inference_mode():
            same = min(_share_of_same(showing, task, sight) for task, sight in _sights())
    except (RuntimeError, DeviceOutOfMemory) as error:
        _log.warning("the host makes what a GPU sees", reason=str(error)[:300])
        return ShownFirst(device)
    if same < _SAME_PIXELS:
        _log.warning("the host makes what a GPU sees", same_pixels=round(same, 4))
        return ShownFirst(device)
    return showing


def _sights() -> Iterator[tuple[Task, Sight]]:
    """A page, a line that is level and one that is not, both large and small."""
    page = sample_page()
    yield "detect", view_of(page)
    line = np.array(((20, 20), (620, 20), (620, 52), (20, 52)), np.float32)
    slope = np.array(((0, 0), (0, 9), (0, 9), (0, 0)), np.float32)
    for quad in (line, line + slope, line + slope[:, ::-1] + 30, line * 2):
        yield "recognize", LineSight(Crop(page, quad))


def _share_of_same(showing: ShownThere, task: Task, sight: Sight) -> float:
    (given,) = showing.shown(task, [sight])
    batch = filled([given], sight.shape, 1, showing.device.kind, inked=task == "recognize")
    made, *_ = brought([batch.pixels, *batch.profiles.values()])
    return float((np.abs(sight.shown().astype(int) - made[0]) <= _NEAR).mean())
