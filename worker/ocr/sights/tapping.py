"""Scaling on a device, as OpenCV does it on a processor: which pixels one is made of, and how."""

from __future__ import annotations

import functools
from collections.abc import Collection

import torch
from torch import Tensor

from worker.ocr.sights.recipes import Scaling

_SHARES = {
    Scaling.CUBIC: (
        (-0.75, 1.5, -0.75, 0),
        (1.25, -2.25, 0, 1),
        (-1.25, 1.5, 0.75, 0),
        (0.75, -0.75, 0, 0),
    ),
    Scaling.LINEAR: ((0, 0, -1, 1), (0, 0, 1, 0)),
}
"""Of the neighbours, by the third to the zeroth power of how far a pixel is from the one before it;
the cubic's slope at 1 is -0.75, OpenCV's choice, and torch's where it samples."""


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
    columns = counted(number, places.device)
    first, weights = None, None
    for one in sorted(kinds):
        if one is Scaling.AREA:
            these, shares = _covered(places * scale, scale, own, columns)
        else:
            these, shares = _nearest((places + 0.5) * scale - 0.5, one, number)
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


def _nearest(centre: Tensor, kind: Scaling, number: int) -> tuple[Tensor, Tensor]:
    """The two or four round the middle of a pixel."""
    centre = centre.float()
    before = centre.floor()
    powers, shares = _polynomials(kind, number, centre.device)
    return before - int(kind is Scaling.CUBIC), (centre - before)[..., None].pow(powers) @ shares


@functools.lru_cache(64)
def _polynomials(kind: Scaling, number: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The powers (4,), and what of each the shares of so many neighbours have (4, N)."""
    shares = torch.zeros(4, number)
    shares[:, : len(_SHARES[kind])] = torch.tensor(_SHARES[kind]).T
    return torch.tensor((3.0, 2.0, 1.0, 0.0)).to(device), shares.to(device)


@functools.lru_cache(256)
def counted(number: int, device: torch.device) -> Tensor:
    """From 0 on: to ask a device for it each time would take it as long as to use it."""
    return torch.arange(number, device=device)


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
