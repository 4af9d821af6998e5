"""PP-LCNetV4, the convolutional backbone that detection and recognition share.

A batch may hold pictures of several sizes, each filled up on its right and below: with a mask
(B, 1, H, W) that is 1 in a picture's own pixels and 0 in the rest, each comes out as it would
alone. Where all are equally high its H may be 1.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

Stride = int | tuple[int, int]


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate that the channel means decide (arXiv 1709.01507).

    The gate is clamp(slope * x + 0.5, 0, 1), and one more than that where the block is residual;
    the slope differs between the published networks.
    """

    def __init__(self, channels: int, *, slope: float = 0.1666667, residual: bool = False) -> None:
        super().__init__()
        self.slope = slope
        self.residual = residual
        self.reduce = nn.Conv2d(channels, channels // 4, 1)
        self.expand = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, C, H, W) to the same shape; with a mask, what it leaves out of `x` must be 0."""
        means = x.mean((2, 3), keepdim=True)
        if mask is not None:
            means = means / mask.mean((2, 3), keepdim=True)
        gate: Tensor = self.expand(self.reduce(means).relu())
        gate = (self.slope * gate + 0.5).clamp(0, 1)
        # Not x + x * gate: that reads and writes the whole map once more.
        return x * (gate + 1 if self.residual else gate)


class Block(nn.Module):
    """A depthwise 3x3, perhaps squeeze-excite, then a 1x1-GELU-1x1, residual where shapes allow."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: Stride = 1, squeeze: bool = False
    ) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, stride=stride, padding=1, groups=in_channels
        )
        self.squeeze = SqueezeExcite(in_channels) if squeeze else None
        self.widen = nn.Conv2d(in_channels, 2 * in_channels, 1)
        self.activation: nn.Module = nn.GELU()
        self.narrow = nn.Conv2d(2 * in_channels, out_channels, 1)
        self.residual = in_channels == out_channels

    def narrow_to(self, hidden: int) -> None:
        """Have so many channels between the two 1x1, all weights of the two new."""
        self.widen = nn.Conv2d(self.widen.in_channels, hidden, 1)
        self.narrow = nn.Conv2d(hidden, self.narrow.out_channels, 1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, in, H, W) to (B, out, H / stride, W / stride)."""
        return masked(self.across_channels(self.across_places(x, mask)), mask)

    def across_places(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, in, H, W) to (B, in, H / stride, W / stride)."""
        x = self.depthwise(x)
        return x if self.squeeze is None else self.squeeze(masked(x, mask), mask)

    def across_channels(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W), each place by itself."""
        mixed: Tensor = self.narrow(self.activation(self.widen(x)))
        return x + mixed if self.residual else mixed


class Stem(nn.Module):
    """Five convolutions that bring an image to a quarter of its size."""

    def __init__(self, middle_channels: int, out_channels: int) -> None:
        super().__init__()
        half = middle_channels // 2
        self.first = nn.Conv2d(3, middle_channels, 3, stride=2, padding=1)
        self.branch_narrow = nn.Conv2d(middle_channels, half, 2)
        self.branch_widen = nn.Conv2d(half, middle_channels, 2)
        self.join = nn.Conv2d(2 * middle_channels, middle_channels, 3, stride=2, padding=1)
        self.last = nn.Conv2d(middle_channels, out_channels, 1)
        self.activation: nn.Module = nn.ReLU()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, 3, H, W) to (B, out, H / 4, W / 4); the mask is that of the result."""
        # The 2x2 windows are padded on the right and the bottom only. Zero stands for minus
        # infinity in the pool, since nothing below zero comes out of a ReLU.
        half = None if mask is None else _twice(mask)
        seen = self.activation
        x = functional.pad(masked(seen(self.first(x)), half), (0, 1, 0, 1))
        branch = functional.pad(masked(seen(self.branch_narrow(x)), half), (0, 1, 0, 1))
        branch = seen(self.branch_widen(branch))
        x = seen(self.join(torch.cat((_largest_of_four(x), branch), dim=1)))
        return masked(seen(self.last(x)), mask)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """What the next convolution sees of `x`: beyond a picture nothing, as at the batch's edge."""
    return x if mask is None else x * mask


def _twice(mask: Tensor) -> Tensor:
    """A mask for twice as many pixels a side."""
    high = mask if mask.shape[2] == 1 else mask.repeat_interleave(2, 2)
    return high.repeat_interleave(2, 3)


class Stage(nn.Sequential):
    """Blocks, one after the other."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, in, H, W) to (B, out, H / stride, W / stride)."""
        for block in self:
            x = block(x, mask)
        return x


def _largest_of_four(x: Tensor) -> Tensor:
    """A 2x2 maximum at stride 1; torch's own pooling takes five times as long on a CPU."""
    rows = torch.maximum(x[:, :, :-1], x[:, :, 1:])
    return torch.maximum(rows[..., :-1], rows[..., 1:])


def narrow_as(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give each block as many channels between its 1x1 as the weights have that are to fill it."""
    for name, block in network.named_modules():
        weight = state.get(f"{name}.widen.weight")
        if isinstance(block, Block) and weight is not None and weight.dim() == 4:
            block.narrow_to(len(weight))


def stage(in_channels: int, out_channels: int, *, stride: Stride | None, num_pairs: int) -> Stage:
    """Blocks of one resolution: a first one that strides (unless None), then pairs of blocks.

    The first block of each pair has squeeze-excite.
    """
    blocks = [] if stride is None else [Block(in_channels, out_channels, stride=stride)]
    for _ in range(num_pairs):
        blocks.append(Block(out_channels, out_channels, squeeze=True))
        blocks.append(Block(out_channels, out_channels))
    return Stage(*blocks)
