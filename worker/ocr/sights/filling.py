"""Batches of few shapes for a GPU: pictures of the host and what is made there, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.ocr.recognition.lines import HEIGHT, Picture
from worker.ocr.sights.sampling import Placed, made
from worker.ocr.sights.viewing import Viewed, view

Given = Picture | Placed | Viewed
"""A BGR picture (H, W, 3), or what a device makes one of."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Pixels (B, H, W, 3) on the device, and how high and wide each picture is there, (B, 2); `own`
    are those that are asked for.

    `profiles` (N, W) are those of the lines that were made there, by their places in the batch.
    """

    pixels: Tensor
    sizes: Tensor
    own: Sequence[tuple[int, int]]
    profiles: Mapping[tuple[int, ...], Tensor] = field(default_factory=dict)


def filled(
    given: Sequence[Given],
    size: tuple[int, int],
    number: int,
    device: torch.device,
    *,
    inked: bool,
) -> Filled:
    """A batch of `number` pictures of a size (H, W), of which those beyond the given are blank.

    Nothing waits for the device: what it makes it makes in turn.
    """
    own = [_size_of(one) for one in given]
    sizes = _to(torch.tensor(own + [size] * (number - len(own))), device)
    pictures = {place: one for place, one in enumerate(given) if isinstance(one, np.ndarray)}
    if len(pictures) == len(given):
        return Filled(_to(_stacked(pictures, (number, *size, 3), device), device), sizes, own)
    pixels = torch.zeros(number, *size, 3, dtype=torch.uint8, device=device)
    if pictures:
        shape = (len(pictures), *size, 3)
        hosts = _stacked(dict(enumerate(pictures.values())), shape, device)
        _put(pixels, list(pictures), _to(hosts, device))
    for place, one in enumerate(given):
        if isinstance(one, Viewed):
            height, width = one.whole.shape
            pixels[place, :height, :width] = view(one)
    lines = [(place, one) for place, one in enumerate(given) if isinstance(one, Placed)]
    profiles = {}
    for some in made([one for _, one in lines], size[1], inked=inked):
        places = tuple(lines[number][0] for number in some.numbers)
        _put(pixels, places, some.pixels)
        if some.profiles is not None:
            profiles[places] = some.profiles
    return Filled(pixels, sizes, own, profiles)


def _size_of(one: Given) -> tuple[int, int]:
    if isinstance(one, Placed):
        return HEIGHT, one.cut.room
    height, width = one.whole.shape if isinstance(one, Viewed) else one.shape[:2]
    return height, width


def _stacked(pictures: dict[int, Picture], shape: Sequence[int], device: torch.device) -> Tensor:
    stacked = torch.zeros(*shape, dtype=torch.uint8, pin_memory=device.type == "cuda")
    for place, picture in pictures.items():
        height, width = picture.shape[:2]
        stacked.numpy()[place, :height, :width] = picture
    return stacked


def _put(pixels: Tensor, places: Sequence[int], pictures: Tensor) -> None:
    """Write pictures (B, H, W, 3) to places of a batch, in one step."""
    if list(places) == list(range(places[0], places[0] + len(places))):
        pixels[places[0] : places[0] + len(places)] = pictures
        return
    pixels.index_copy_(0, _to(torch.tensor(places), pixels.device), pictures)


def _to(values: Tensor, device: torch.device) -> Tensor:
    """Values brought to the device while the host goes on."""
    if device.type == "cuda" and not values.is_pinned():
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


def brought(said: Sequence[Tensor]) -> list[NDArray[Any]]:
    """What a GPU said, on the host: it goes to memory that stays where it is, and who waits for it
    sleeps. By itself torch has it go twice and keeps a core busy with waiting."""
    if not said[0].is_cuda:
        return [one.numpy() for one in said]
    there = [torch.empty(one.shape, dtype=one.dtype, pin_memory=True) for one in said]
    for own, one in zip(there, said, strict=True):
        own.copy_(one, non_blocking=True)
    done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    done.record(torch.cuda.current_stream(said[0].device))
    done.synchronize()
    return [one.numpy() for one in there]
