"""The line-orientation classifier: the image of a line to upright or upside down."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import SqueezeExcite, Stride

WINDOW = 48, 192
"""What it sees of a line: height and width in pixels."""

_GATE_SLOPE = 0.2


class InvertedResidual(nn.Module):
    """MobileNetV3's block: widen, depthwise, perhaps squeeze-excite, narrow (arXiv 1905.02244)."""

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        *,
        kernel: int,
        stride: Stride,
        squeeze: bool,
        activation: nn.Module,
    ) -> None:
        super().__init__()
        self.widen = nn.Conv2d(in_channels, middle_channels, 1)
        self.depthwise = nn.Conv2d(
            middle_channels,
            middle_channels,
            kernel,
            stride=stride,
            padding=kernel // 2,
            groups=middle_channels,
        )
        self.squeeze = SqueezeExcite(middle_channels, slope=_GATE_SLOPE) if squeeze else None
        self.narrow = nn.Conv2d(middle_channels, out_channels, 1)
        self.activation = activation
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H / stride, W / stride)."""
        inner: Tensor = self.activation(self.widen(x))
        inner = self.activation(self.depthwise(inner))
        if self.squeeze is not None:
            inner = self.squeeze(inner)
        inner = self.narrow(inner)
        return x + inner if self.residual else inner


def _shallow(middle: int, *, stride: Stride, squeeze: bool = False) -> InvertedResidual:
    return InvertedResidual(
        8, middle, 8, kernel=3, stride=stride, squeeze=squeeze, activation=nn.ReLU()
    )


def _deep(channels: int, middle: int, out: int, *, stride: Stride = 1) -> InvertedResidual:
    return InvertedResidual(
        channels, middle, out, kernel=5, stride=stride, squeeze=True, activation=nn.Hardswish()
    )


class OrientationClassifier(nn.Module):
    """MobileNetV3 small at 0.35 of its width, with strides that spare the width of a line."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Hardswish())
        self.blocks = nn.Sequential(
            _shallow(8, stride=(2, 1), squeeze=True),
            _shallow(24, stride=(2, 1)),
            _shallow(32, stride=1),
            _deep(8, 32, 16, stride=(2, 1)),
            _deep(16, 88, 16),
            _deep(16, 88, 16),
            _deep(16, 40, 16),
            _deep(16, 48, 16),
            _deep(16, 104, 32, stride=(2, 1)),
            _deep(32, 200, 32),
            _deep(32, 200, 32),
        )
        self.last = nn.Sequential(nn.Conv2d(32, 200, 1), nn.Hardswish())
        self.head = nn.Linear(200, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Tell how likely a line stands upright (column 0) or on its head (column 1).

        `x` is (B, 3, 48, 192), BGR, value / 127.5 - 1, zeros to the right of a shorter line; the
        result is (B, 2) and each row sums to one.
        """
        x = functional.max_pool2d(self.last(self.blocks(self.stem(x))), 2)
        chances: Tensor = self.head(x.mean((2, 3))).softmax(1)
        return chances
