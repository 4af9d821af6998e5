"""Scaling on a device, as OpenCV does it on a processor: which pixels one is made of, and how."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from worker.ocr.networks.recipes import Scaling

_SLOPE = -0.75
"""Of the cubic at 1: OpenCV's choice, and torch's where it samples."""


def num_taps(shrunk: float) -> int:
    """Pixels in a row that one is made of at most, where so many become one."""
    return max(4, int(shrunk) + 2)


def taps_of(
    places: Tensor,
    own: Tensor,
    goal: Tensor,
    kind: Tensor,
    kinds: Collection[Scaling],
    number: int,
) -> tuple[Tensor, Tensor]:
    """Which of `own` pixels those at `places` (N,) of `goal` are made of, and their shares.

    `own`, `goal` and `kind` fit (B, N), `kinds` are those that there are; both answers are
    (B, N, `number`).
    """
    own = own.double()
    scale = own / goal
    columns = torch.arange(number, device=places.device)
    first, weights = None, None
    for one in sorted(kinds):
        if one is Scaling.AREA:
            these, shares = _covered(places * scale, scale, own, columns)
        else:
            these, shares = _nearest((places + 0.5) * scale - 0.5, columns, one)
        if first is None or weights is None:
            first, weights = these, shares
        else:
            is_one = kind == one
            first = torch.where(is_one, these, first)
            weights = torch.where(is_one[..., None], shares, weights)
    if first is None or weights is None:
        raise ValueError("pixels are made of others in one way at least")
    taps = (first.long()[..., None] + columns).clamp_(min=0)
    return torch.minimum(taps, own.long()[..., None] - 1), weights


def _covered(start: Tensor, scale: Tensor, own: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """All that lies between where a pixel begins and where it ends."""
    first = start.floor()
    begin = (start - first).float()[..., None]
    end = (torch.minimum(start + scale, own) - first).float()[..., None]
    shares = torch.minimum(end, columns + 1) - torch.maximum(begin, columns)
    return first, shares.clamp_(min=0).div_(end - begin)


def _nearest(centre: Tensor, columns: Tensor, kind: Scaling) -> tuple[Tensor, Tensor]:
    """The two or four round the middle of a pixel."""
    centre = centre.float()
    first = centre.floor() - int(kind is Scaling.CUBIC)
    away = ((centre - first)[..., None] - columns).abs_()
    if kind is Scaling.LINEAR:
        return first, (1 - away).clamp_(min=0)
    near = ((_SLOPE + 2) * away - (_SLOPE + 3)) * away * away + 1
    far = ((away - 5) * away + 8) * away * _SLOPE - 4 * _SLOPE
    return first, torch.where(away <= 1, near, torch.where(away < 2, far, 0.0))


def weighed(values: Tensor, taps: Tensor, weights: Tensor) -> Tensor:
    """Sums of values along their last dimension: of those at taps (..., N, K), each times its
    weight; taps and weights fit the other dimensions."""
    total = None
    for number in range(taps.shape[-1]):
        where = taps[..., number].expand(*values.shape[:-1], -1)
        picked, weight = values.gather(-1, where), weights[..., number]
        total = picked * weight if total is None else total.addcmul_(picked, weight)
    if total is None:
        raise ValueError("pixels are made of one other at least")
    return total


def as_grey(values: Tensor) -> Tensor:
    """The nearest whole grey levels, in place."""
    return values.add_(0.5).floor_().clamp_(0, 255)
