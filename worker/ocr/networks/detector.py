"""PP-OCRv6 small detection: the image of a page to the probability that a pixel lies in a line."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import SqueezeExcite, Stem, masked, stage

_LEVEL_CHANNELS = (48, 96, 192, 384)
_PYRAMID_CHANNELS = 96
_HEAD_CHANNELS = 24
_GATE_SLOPE = 0.2


class Lateral(nn.Module):
    """A convolution whose channels are then scaled by one to two."""

    def __init__(self, convolution: nn.Module, out_channels: int) -> None:
        super().__init__()
        self.convolution = convolution
        self.squeeze = SqueezeExcite(out_channels, slope=_GATE_SLOPE, residual=True)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        scaled: Tensor = self.squeeze(masked(self.convolution(x), mask), mask)
        return scaled


class Pyramid(nn.Module):
    """RepLKFPN: a feature pyramid with a depthwise 7x7 at each of its four levels."""

    def __init__(self) -> None:
        super().__init__()
        wide, narrow = _PYRAMID_CHANNELS, _HEAD_CHANNELS
        self.laterals = nn.ModuleList(
            Lateral(nn.Conv2d(channels, wide, 1, bias=False), wide) for channels in _LEVEL_CHANNELS
        )
        self.smoothings = nn.ModuleList(
            Lateral(
                nn.Sequential(
                    nn.Conv2d(wide, wide, 7, padding=3, groups=wide),
                    nn.Conv2d(wide, narrow, 1, bias=False),
                ),
                narrow,
            )
            for _ in _LEVEL_CHANNELS
        )

    def forward(self, levels: Sequence[Tensor], masks: Sequence[Tensor | None]) -> Tensor:
        """Four maps of (B, C, H / 4, W / 4) to (B, C, H / 32, W / 32) to (B, 96, H / 4, W / 4)."""
        # The coarsest level first, as the published network runs: import fills in this order.
        order = range(len(levels) - 1, -1, -1)
        sides = {i: self.laterals[i](levels[i], masks[i]) for i in order}
        for i in order[1:]:
            sides[i] = sides[i] + functional.interpolate(sides[i + 1], scale_factor=2.0)
        smooth = {i: self.smoothings[i](sides[i], masks[i]) for i in order}
        return torch.cat([_enlarge(smooth[i], 2**i) for i in order], dim=1)


class Detector(nn.Module):
    """PP-LCNetV4, RepLKFPN and the DB head (arXiv 1911.08947), of which serving needs one map."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem(24, 48)
        self.stages = nn.ModuleList(
            (
                stage(48, 48, stride=None, num_pairs=1),
                stage(48, 96, stride=2, num_pairs=1),
                stage(96, 192, stride=2, num_pairs=2),
                stage(192, 384, stride=2, num_pairs=1),
            )
        )
        self.pyramid = Pyramid()
        channels = _HEAD_CHANNELS
        self.head = nn.Sequential(
            nn.Conv2d(_PYRAMID_CHANNELS, channels, 3, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(channels, channels, 2, stride=2),
            nn.ReLU(),
            nn.ConvTranspose2d(channels, 1, 2, stride=2),
        )

    def forward(self, x: Tensor, sizes: Tensor | None = None) -> Tensor:
        """Tell how likely each pixel lies inside the shrunk region of a text line.

        `x` is (B, 3, H, W), BGR, value / 127.5 - 1, H and W multiples of 32; the result is
        (B, 1, H, W) in 0 to 1. With `sizes` (B, 2), heights and widths, multiples of 32, too, a
        picture is only so large: there it has what it has alone, beyond is nothing of meaning.
        """
        masks = [None] * len(self.stages) if sizes is None else _masks(x, sizes)
        x = self.stem(x, masks[0])
        levels = []
        for one, mask in zip(self.stages, masks, strict=True):
            x = one(x, mask)
            levels.append(x)
        chances: Tensor = self.head(self.pyramid(levels, masks)).sigmoid()
        return chances


def _masks(x: Tensor, sizes: Tensor) -> list[Tensor]:
    """Which pixels of the four levels, from a quarter to a 32nd, are a picture's own."""
    down, across = (
        (torch.arange(side // 4, device=x.device) * 4 < own[:, None]).to(x.dtype)
        for side, own in zip(x.shape[2:], sizes.unbind(1), strict=True)
    )
    quarter = down[:, None, :, None] * across[:, None, None, :]
    return [quarter[:, :, ::step, ::step] for step in (1, 2, 4, 8)]


def _enlarge(x: Tensor, factor: int) -> Tensor:
    return x if factor == 1 else functional.interpolate(x, scale_factor=float(factor))
