"""A device makes of a page there what OpenCV makes of it on the host."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from tests.ocr.samples import Picture, noise, picture_of, tilted
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import View, view_of
from worker.ocr.detection.turning import Window
from worker.ocr.networks.inference import Sight
from worker.ocr.recognition.batch_client import LineSight
from worker.ocr.recognition.spacing import profile_of
from worker.ocr.sights import sampling
from worker.ocr.sights.filling import Filled, filled
from worker.ocr.sights.recipes import Cut, Whole
from worker.ocr.sights.sampling import Placed
from worker.ocr.sights.uploads import Uploads
from worker.ocr.sights.viewing import Viewed, view

pytestmark = pytest.mark.gpu

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
EXACT = cv2.__version__.startswith("5.")
"""Before, OpenCV rounded coordinates to a 32nd of a pixel, and weights to some bits."""


def quads(picture: Picture, number: int, seed: int) -> Iterator[np.ndarray]:
    """Lines level and slanted, upright and on their heads, low and high, at the edges, too."""
    draw = np.random.default_rng(seed)
    size = np.array(picture.shape[1::-1])
    for place in range(number):
        height = draw.uniform(4, (24, 48, 90, 200)[place % 4])
        width = height * draw.uniform(0.4, 12)
        angle = draw.choice((0.0, draw.uniform(-0.1, 0.1), draw.uniform(-3, 3)))
        along = np.array((np.cos(angle), np.sin(angle)))
        across = np.array((-along[1], along[0]))
        middle = draw.uniform(0.1, 0.9, 2) * size
        sides = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        corners = [middle + x * along * width / 2 + y * across * height / 2 for x, y in sides]
        rough = np.array(corners) + draw.uniform(-0.5, 0.5, (4, 2)) * draw.choice((1, 4))
        yield np.clip(rough, 0, size).astype(np.float32)


def batch_of(sights: Sequence[Sight], width: int) -> Filled:
    """The sights as a device makes them."""
    uploads, given = Uploads(DEVICE), []
    for sight in sights:
        cut = sight.recipe()
        assert isinstance(cut, Cut)
        given.append(Placed(cut, uploads.of(cut.picture)))
    return filled(given, (48, width), len(given) + 2, DEVICE, inked=True)


def compared(sights: Sequence[Sight]) -> tuple[float, float]:
    """The share of pixels that are equal, and of those that are at most one level off."""
    width = max(sight.shape[1] for sight in sights)
    pixels = batch_of(sights, width).pixels.cpu().numpy()
    assert not pixels[len(sights) :].any()
    off = []
    for sight, made in zip(sights, pixels, strict=False):
        own = sight.shape[1]
        assert not made[:, own:].any()
        off.append(np.abs(sight.shown().astype(int) - made[:, :own]).ravel())
    every = np.concatenate(off)
    return float((every == 0).mean()), float((every <= 1).mean())


@pytest.mark.parametrize("seed", range(4))
def test_lines_come_out_as_on_the_host(seed: int) -> None:
    page = noise(500, 800, seed)
    lines = [Crop(page, quad) for quad in quads(page, 60, seed)]
    sights = [LineSight(line) for line in lines if line.place is not None]
    assert len(sights) > 50 and all(sight.shape[1] <= 1600 for sight in sights)
    equal, near = compared(sights)
    assert near > 0.999
    assert equal > (0.98 if EXACT else 0.6)


def test_lines_of_print_come_out_as_on_the_host() -> None:
    page = tilted(picture_of("receipt"), 4)
    box = np.array(((0, 0), (380, 0), (380, 28), (0, 28)), np.float32)
    lines = [Crop(page, box + np.float32((20, 11.3 + 31 * place))) for place in range(8)]
    slanted = [replace(line, quad=line.quad + box * np.float32((0, 0.7))) for line in lines]
    equal, near = compared([LineSight(line) for line in lines + slanted])
    assert near > 0.999 and equal > (0.99 if EXACT else 0.7)


def test_what_the_classifier_sees_comes_out_as_on_the_host() -> None:
    page = noise(500, 800)
    sights = [
        Window(line) for quad in quads(page, 60, 2) if (line := Crop(page, quad)).place is not None
    ]
    equal, near = compared(sights)
    assert near > 0.999 and equal > 0.6  # OpenCV mixes two neighbours in few bits


def test_lines_of_many_pages_share_a_batch() -> None:
    pages = [noise(200, 300, seed) for seed in range(3)]
    sights = [
        LineSight(Crop(page, quad + np.float32((0, 9 * place))))
        for place in range(4)
        for page in pages
        for quad in (np.array(((20, 30), (200, 44), (198, 66), (18, 52)), np.float32),)
    ]
    equal, near = compared(sights)
    assert near > 0.999 and equal > (0.98 if EXACT else 0.6)


def test_lines_that_are_too_many_pixels_at_once_are_made_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = noise(500, 800)
    lines = [Crop(page, quad) for quad in quads(page, 40, 5)]
    sights = [LineSight(line) for line in lines if line.place is not None]
    width = max(sight.shape[1] for sight in sights)
    together = batch_of(sights, width)
    monkeypatch.setattr(sampling, "_MOST_PIXELS", 40_000)
    monkeypatch.setattr(sampling, "_MOST_REGION", 10_000)
    apart = batch_of(sights, width)
    assert len(apart.profiles) > 3 * len(together.profiles)
    off = (together.pixels.int() - apart.pixels.int()).abs()
    assert off.max() <= 2 and (off > 0).float().mean() < 1e-3


def test_the_ink_of_lines_is_told_as_on_the_host() -> None:
    page = noise(500, 800)
    level = np.array(((40, 30), (330, 30), (330, 61), (40, 61)), np.float32)
    lines = [Crop(page, level + np.float32(7 * place)) for place in range(8)]
    lines += [Crop(page, quad) for quad in quads(page, 30, 6)]
    sights = [LineSight(line) for line in lines if line.place is not None]
    batch = batch_of(sights, max(sight.shape[1] for sight in sights))
    profiles = {
        place: profile.cpu().numpy()
        for places, rows in batch.profiles.items()
        for place, profile in zip(places, rows, strict=True)
    }
    for place, line in enumerate(line for line in lines if line.place is not None):
        own = profile_of(line.pixels())
        told, rest = np.split(profiles[place], [len(own)])
        assert not rest.any()
        if place < 8:
            assert np.array_equal(told, own)
        elif EXACT:
            assert np.abs(told - own).max() <= 0.01 * own.max() + 2


@pytest.mark.parametrize(
    "size", [(991, 770), (2339, 1654), (300, 900), (1280, 960), (100, 700), (60, 3000), (40, 40)]
)
def test_the_detectors_view_comes_out_as_on_the_host(size: tuple[int, int]) -> None:
    page = noise(*size)
    seen = view_of(page)
    made = view(Viewed(seen.recipe(), torch.from_numpy(page).to(DEVICE))).cpu().numpy()
    off = np.abs(seen.shown().astype(int) - made)
    assert off.max() <= 1 and (off == 0).mean() > 0.998


def test_the_ground_round_a_view_is_that_of_its_edges() -> None:
    page = np.full((300, 200, 3), (200, 210, 220), np.uint8)
    page[:, :40] = (9, 8, 7)
    seen = View.of(page, 1.3)
    made = view(Viewed(seen.recipe(), torch.from_numpy(page).to(DEVICE))).cpu().numpy()
    assert np.array_equal(made, seen.shown())
    assert tuple(made[0, 0]) == (220, 210, 200)


def test_a_recipe_is_as_large_as_what_is_shown() -> None:
    page = noise(300, 400)
    for quad in quads(page, 40, 3):
        line = Crop(page, quad)
        for sight in (LineSight(line), Window(line)):
            cut = sight.recipe()
            assert cut is None or (48, cut.room) == sight.shape
    whole = view_of(page).recipe()
    assert isinstance(whole, Whole) and whole.shape == view_of(page).shape


def test_pictures_of_the_host_and_of_the_device_share_a_batch() -> None:
    page = noise(300, 400)
    lines = [LineSight(Crop(page, quad)) for quad in quads(page, 12, 4)]
    lines = [line for line in lines if line.recipe() is not None][:6]
    width = max(line.shape[1] for line in lines)
    uploads = Uploads(DEVICE)
    given = [
        Placed(cut, uploads.of(page)) if place % 2 else line.shown()
        for place, line in enumerate(lines)
        if (cut := line.recipe())
    ]
    mixed = filled(given, (48, width), 8, DEVICE, inked=True)
    off = (
        mixed.pixels[: len(lines)].int() - batch_of(lines, width).pixels[: len(lines)].int()
    ).abs()
    assert mixed.own == [line.shape[:2] for line in lines]
    assert off.max() <= 2 and (off > 0).float().mean() < (0.02 if EXACT else 0.4)
    assert sorted(place for places in mixed.profiles for place in places) == [1, 3, 5]
