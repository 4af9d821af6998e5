"""What the detector sees, made on a device of pages that lie there, as OpenCV makes it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from worker.ocr.networks.recipes import Scaling, Whole
from worker.ocr.networks.tapping import as_grey, num_taps, taps_of

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
    kind = Scaling.AREA if shrinks else Scaling.LINEAR
    # Large ones one after the other: columns and rows each come down in few steps.
    number = num_taps(whole.shrunk) if shrinks else 2
    columns = _taps(width, whole.size[0], kind, number, page)
    rows = _taps(height, whole.size[1], kind, number, page)
    return _shrunk(page, columns, rows) if shrinks else _enlarged(page, columns, rows)


_Taps = tuple[Tensor, Tensor]
"""Of each pixel those (N, K) that it is made of, and their shares."""


def _taps(own: int, goal: int, kind: Scaling, number: int, page: Tensor) -> _Taps:
    sizes = torch.tensor(((own,), (goal,), (kind,)))
    if page.is_cuda:
        sizes = sizes.pin_memory().to(page.device, non_blocking=True)
    places = torch.arange(goal, device=page.device)
    taps, weights = taps_of(places, sizes[0], sizes[1], sizes[2], {kind}, number)
    return taps, weights


def _shrunk(page: Tensor, columns: _Taps, rows: _Taps) -> Tensor:
    return as_grey(_summed(_summed(page, *rows, 0), *columns, 1)).to(torch.uint8)


def _summed(values: Tensor, taps: Tensor, weights: Tensor, dim: int) -> Tensor:
    """Sums of values (H, W, 3) at taps along a dimension, each times its weight."""
    total = None
    weights = weights.view(-1, *(1,) * (2 - dim), weights.shape[1])
    for number in range(taps.shape[1]):
        picked = values.index_select(dim, taps[:, number]) * weights[..., number]
        total = picked if total is None else total.add_(picked)
    assert total is not None
    return total


def _enlarged(page: Tensor, columns: _Taps, rows: _Taps) -> Tensor:
    """In whole numbers, rounded where OpenCV rounds."""
    (left, right), across = columns[0].T, _in_bits(columns[1])[:, None]
    (upper, lower), down = rows[0].T, _in_bits(rows[1])[:, None, None]
    along = page.index_select(1, left) * across[..., 0]
    along += page.index_select(1, right) * across[..., 1]
    along >>= 4
    above = along.index_select(0, upper).mul_(down[..., 0]).bitwise_right_shift_(16)
    below = along.index_select(0, lower).mul_(down[..., 1]).bitwise_right_shift_(16)
    return above.add_(below).add_(2).bitwise_right_shift_(2).to(torch.uint8)


def _in_bits(shares: Tensor) -> Tensor:
    return (shares * (1 << _BITS)).round_().int()
