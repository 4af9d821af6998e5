"""Networks on their device, in its number type, in the form that runs fastest there."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import Block, Stem


def placed(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A network on a device, in a number type, ready to run."""
    there = network.eval().to(kind, dtype)
    if kind.type == "cuda":
        with_products(there)
    if kind.type == "cpu" and _can_fuse(dtype):
        with_fusion(there)
    return there.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


class _Product(nn.Conv2d):
    """A convolution of single pixels as the product of matrices that it is."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        product = functional.linear(x.permute(0, 2, 3, 1), self.weight[:, :, 0, 0], self.bias)
        return product.permute(0, 3, 1, 2)


def with_products(network: nn.Module) -> None:
    """Let convolutions of single pixels run as products: cuDNN takes some 20 ms to prepare for
    each at each shape and in each thread, cuBLAS none, and two of three are such."""
    for layer in network.modules():
        if type(layer) is nn.Conv2d and layer.kernel_size == (1, 1) and layer.groups == 1:
            layer.__class__ = _Product


class _FusedStem(Stem):
    """A stem whose activations are in the passes of its convolutions."""

    def activated(self, layer: nn.Conv2d, x: Tensor) -> Tensor:
        """What a layer and the ReLU behind it make of (B, C, H, W)."""
        return _convolved(layer, x, "relu")


class _FusedBlock(Block):
    """A block whose GELU is in the pass of its convolution."""

    def mixed(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        mixed: Tensor = self.narrow(_convolved(self.widen, x, "gelu"))
        return x + mixed if self.residual else mixed


def _convolved(layer: nn.Conv2d, x: Tensor, activation: str) -> Tensor:
    shape = layer.padding, layer.stride, layer.dilation, layer.groups
    result: Tensor = torch.ops.mkldnn._convolution_pointwise(
        x, layer.weight, layer.bias, *shape, activation, [], "none"
    )
    return result


def with_fusion(network: nn.Module) -> None:
    """Let oneDNN apply activations while a convolution's result is at hand, in float32: by
    themselves they take a sixth of the recogniser's time, and read and write each map again."""
    for part in network.modules():
        if type(part) is Block:
            part.__class__ = _FusedBlock
        elif type(part) is Stem:
            part.__class__ = _FusedStem


def _can_fuse(dtype: torch.dtype) -> bool:
    """Whether oneDNN is there and multiplies such numbers on this processor."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    has_bf16: bool = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32 or (dtype == torch.bfloat16 and has_bf16)


def placed_recognizer(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A recogniser likewise, its head exact: logits of 8 bits would be confidences in steps of a
    tenth."""
    there = placed(network, kind, dtype)
    head = there.get_submodule("head").float()
    head.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    return there
