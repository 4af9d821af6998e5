"""Networks on their device, in its number type, in the form that runs fastest there."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import Block


def placed(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A network on a device, in a number type, ready to run."""
    there = network.eval().to(kind, dtype)
    if kind.type == "cuda":
        with_products(there)
    if kind.type == "cpu" and _can_fuse(dtype):
        with_activations(there)
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


class _Activated(nn.Conv2d):
    """A convolution of single pixels and the GELU behind it in one pass."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H, W)."""
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.weight, self.bias, [0, 0], [1, 1], [1, 1], 1, "gelu", [], "none"
        )
        return result


def with_activations(network: nn.Module) -> None:
    """Let oneDNN apply each block's GELU while the convolution's result is at hand, in float32: by
    itself it takes a seventh of the recogniser's time, and reads and writes the whole map again."""
    for block in network.modules():
        if isinstance(block, Block):
            block.widen.__class__ = _Activated
            block.activation = nn.Identity()


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
