"""Pages that are read with what a device makes of them, and nobody waits for it meanwhile."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.ocr.samples import networks, picture_of, text_read, tilted
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import view_of
from worker.ocr.networks.device import Device
from worker.ocr.networks.inference import Networks
from worker.ocr.networks.library import Library, recognizer_of
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.weights import bundled, load_verified
from worker.ocr.reader import Reader
from worker.ocr.recognition.batch_client import LineSight
from worker.ocr.sights.filling import filled
from worker.ocr.sights.showing import ShownThere

pytestmark = pytest.mark.gpu

HAS_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if HAS_GPU else "cpu")


@pytest.fixture
def device_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """The real reader, exact, as it is on a GPU: on the processor, too."""
    monkeypatch.setattr(Device, "is_gpu", True)
    detector, recognizer = networks()
    classifier = OrientationClassifier()
    load_verified(classifier, bundled("orientation"))
    device = Device(DEVICE, torch.float32, 1 << 20, 1)
    placed = Networks(detector, classifier, recognizer, device)
    reader = Reader(placed, recognizer_of("vi-print", None).card, Library(None, placed.place))
    yield reader
    reader.close()


@pytest.mark.parametrize(
    ("name", "degrees"),
    [("receipt", 0), ("receipt", 4), ("line", 0), ("short", 0)]
    + [("decree", 0), ("columns", -7)] * HAS_GPU,
)
def test_what_the_device_makes_reads_as_what_the_host_makes(
    device_reader: Reader, name: str, degrees: float
) -> None:
    picture = tilted(picture_of(name), degrees) if degrees else picture_of(name)
    seen_there = device_reader.read(picture).page
    seen_here = device_reader.seeing_by_host().read(picture).page
    assert text_read(seen_there) == text_read(seen_here)
    for line, other in zip(seen_there.lines, seen_here.lines, strict=True):
        assert line.confidence == pytest.approx(other.confidence, abs=1e-2)
        for word, same in zip(line.words, other.words, strict=True):
            assert np.abs(np.subtract(word.box, same.box)).max() < 3


@pytest.mark.skipif(not HAS_GPU, reason="there is no GPU on this machine")
def test_nobody_waits_for_a_gpu_that_makes_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    page = tilted(picture_of("receipt"), 4)
    box = np.array(((0, 0), (380, 0), (380, 28), (0, 28)), np.float32)
    lines = [LineSight(Crop(page, box + np.float32((20, 11.3 + 31 * n)))) for n in range(8)]
    showing = ShownThere(Device(DEVICE, torch.float32, 1 << 20, 1))
    for mode in ("default", "error"):  # the first of anything may wait
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it is a prototype
            torch.cuda.set_sync_debug_mode(mode)
        try:
            given = showing.shown("recognize", lines)
            filled(given, (48, 1120), 16, DEVICE, inked=True)
            views = showing.shown("detect", [view_of(page), view_of(page)])
            filled(views, view_of(page).shape, 2, DEVICE, inked=False)
        finally:
            torch.cuda.set_sync_debug_mode("default")
