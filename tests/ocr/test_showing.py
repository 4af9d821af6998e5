"""A page goes to a device once, and what cannot be made there is made on the host."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from tests.ocr.samples import noise
from worker.ocr.detection.bends import Bend
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import view_of
from worker.ocr.networks.device import Device
from worker.ocr.recognition.batch_client import LineSight
from worker.ocr.sights import recipes, sampling, tapping
from worker.ocr.sights.choosing import showing_for
from worker.ocr.sights.sampling import Placed
from worker.ocr.sights.showing import ShownFirst, ShownThere
from worker.ocr.sights.viewing import Viewed

pytestmark = pytest.mark.gpu

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _gpu(monkeypatch: pytest.MonkeyPatch) -> ShownThere:
    monkeypatch.setattr(Device, "is_gpu", True)
    return ShownThere(Device(DEVICE, torch.float32, 1 << 20, 1))


def test_a_page_goes_to_the_device_once_and_leaves_it_with_its_last_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    showing, page = _gpu(monkeypatch), noise(300, 400)
    quad = np.array(((10, 10), (200, 10), (200, 40), (10, 40)), np.float32)
    (seen,) = showing.shown("detect", [view_of(page)])
    first, second = showing.shown("recognize", [LineSight(Crop(page, quad + 9)) for _ in "ab"])
    assert isinstance(seen, Viewed) and isinstance(first, Placed) and isinstance(second, Placed)
    assert seen.page is first.page is second.page
    other = page.copy()
    (third,) = showing.shown("recognize", [LineSight(Crop(other, quad))])
    assert isinstance(third, Placed) and third.page is not first.page
    assert len(showing.uploads) == 2
    del page, other, seen, first, second, third
    gc.collect()
    assert len(showing.uploads) == 0


def test_what_is_bent_or_large_beyond_measure_is_made_on_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    showing, page = _gpu(monkeypatch), noise(300, 400)
    xs = np.linspace(20, 380, 33)
    bend = Bend(np.stack((xs, 100 + xs**2 / 3000), axis=1).astype(np.float32), 20.0)
    quad = np.array(((10, 10), (200, 10), (200, 40), (10, 40)), np.float32)
    fallen = np.array(((10, 10), (200, 90), (200, 90), (10, 40)), np.float32)
    for line in (Crop(page, bend.quad, bend), Crop(page, fallen)):
        (made,) = showing.shown("recognize", [LineSight(line)])
        assert isinstance(made, np.ndarray)
    monkeypatch.setattr(recipes, "_MOST_CUT", 1000)
    (made,) = showing.shown("recognize", [LineSight(Crop(page, quad))])
    assert np.array_equal(made, LineSight(Crop(page, quad)).shown())
    monkeypatch.setattr(recipes, "_MOST_PIXELS", 1000)
    (made,) = showing.shown("detect", [view_of(page)])
    assert np.array_equal(made, view_of(page).shown())
    assert len(showing.uploads) == 0


def test_a_gpu_that_makes_something_else_is_given_what_the_host_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = _gpu(monkeypatch).device
    assert type(showing_for(device)) is ShownThere

    def fails(*_: object) -> None:
        raise RuntimeError("no kernel image is available for execution on the device")

    with monkeypatch.context() as broken:
        broken.setattr(sampling._Group, "scaled", fails)
        assert type(showing_for(device)) is ShownFirst
    monkeypatch.setattr(tapping, "_SHARES", dict.fromkeys(tapping._SHARES, ((0, 0, 0, 1),)))
    tapping._polynomials.cache_clear()
    assert type(showing_for(device)) is ShownFirst
    tapping._polynomials.cache_clear()
