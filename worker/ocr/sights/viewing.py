"""What the detector sees, made on a device of pages that lie there, as OpenCV makes it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from worker.ocr.sights.recipes import Scaling, Whole
from worker.ocr.sights.tapping import as_grey, counted, num_taps, taps_of

_BITS = 11
"""In which OpenCV counts the shares of two neighbours, and how it rounds what they make."""


class Viewed(NamedTuple):
    """What is to be seen, and its picture (H, W, 3) on the device."""

    whole: Whole
    page: Tensor


def view(viewed: Viewed) -> Tensor:
    """BGR pixels (H, W, 3)."""
    whole, page = viewed
    seen = _resized(page, whole)
    edges = torch.cat((seen[0], seen[-1], seen[:, 0], seen[:, -1])).sort(0).values
    middle = len(edges) // 2
    ground = edges[middle - 1 : middle + 1].float().mean(0).floor_().to(torch.uint8)
    canvas = ground.expand(*whole.shape, 3).contiguous()
    (x, y), (width, height) = whole.offset, whole.size
    canvas[y : y + height, x : x + width] = seen
    return canvas.flip(2)


def _resized(page: Tensor, whole: Whole) -> Tensor:
    """Smaller by all that a pixel covers, larger by its neighbours."""
    height, width = page.shape[:2]
    if whole.size == (width, height):
        return page
    shrinks = whole.size[0] * whole.size[1] < width * height
    kind, number = (Scaling.AREA, num_taps(whole.shrunk)) if shrinks else (Scaling.LINEAR, 2)
    columns, rows = (
        _taps(own, goal, kind, number, page.device)
        for own, goal in zip((width, height), whole.size, strict=True)
    )
    if shrinks:
        return as_grey(_summed(_summed(page, rows, 0), columns, 1)).to(torch.uint8)
    return _enlarged(page, columns, rows)


_Taps = Sequence[tuple[Tensor, Tensor]]
"""Pixels that each of a side (N,) is made of, one by one, and their shares (N, 1, 1)."""


@functools.lru_cache(256)
def _taps(own: int, goal: int, kind: Scaling, number: int, device: torch.device) -> _Taps:
    """Pages come in few sizes, and to reckon this takes more steps than to use it."""
    told = torch.tensor(((own,), (goal,), (kind,)))
    if device.type == "cuda":
        told = told.pin_memory().to(device, non_blocking=True)
    taps, shares = taps_of(counted(goal, device), told[0], told[1], told[2], {kind}, number)
    if kind is Scaling.LINEAR:
        shares = (shares * (1 << _BITS)).round_().int()
    sides = taps.unbind(1), shares[:, :, None, None].unbind(1)
    return [(one.contiguous(), share) for one, share in zip(*sides, strict=True)]


def _summed(values: Tensor, taps: _Taps, dim: int) -> Tensor:
    """Sums of values (H, W, 3) at taps along a dimension, each times its share."""
    total = None
    for places, shares in taps:
        picked = values.index_select(dim, places) * (shares if dim == 0 else shares[:, 0])
        total = picked if total is None else total.add_(picked)
    if total is None:
        raise ValueError("pixels are made of one other at least")
    return total


def _enlarged(page: Tensor, columns: _Taps, rows: _Taps) -> Tensor:
    """In whole numbers, rounded where OpenCV rounds."""
    along = _summed(page, columns, 1).bitwise_right_shift_(4)
    above, below = (
        along.index_select(0, places).mul_(shares).bitwise_right_shift_(16)
        for places, shares in rows
    )
    return above.add_(below).add_(2).bitwise_right_shift_(2).to(torch.uint8)
