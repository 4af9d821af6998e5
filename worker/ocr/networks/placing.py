"""Networks on their device, in its number type, in the form that runs fastest there."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import Block, Stem


def placed(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A network on a device, in a number type, ready to run."""
    there: nn.Module = network.eval().to(kind, dtype)
    if kind.type == "cuda":
        with_products(there)
    there = there.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if kind.type == "cpu" and _can_fuse(dtype):
        with_packed(there)
    return there


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


class _Packed(nn.Conv2d):
    """A convolution whose weights lie as oneDNN reads them, with the activation behind it.

    How it reads them depends on the picture's size, as it chooses: from one layout to another it
    has no fast way, and takes 140 ms for what a word takes 6. There are few layouts.
    """

    activation = "none"
    layouts: dict[bytes, Tensor]
    by_size: dict[torch.Size, Tensor]

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H / stride, W / stride)."""
        weight = self.by_size.get(x.shape)
        if weight is None:
            weight = self._laid_out(x.shape)
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, weight, self.bias, *self._shape, self.activation, [], "none"
        )
        return result

    @property
    def _shape(self) -> tuple[object, ...]:
        return self.padding, self.stride, self.dilation, self.groups

    def _laid_out(self, size: torch.Size) -> Tensor:
        """The weights as they are read for maps of a size (B, in, H, W)."""
        weight = torch.ops.mkldnn._reorder_convolution_weight(self.weight, *self._shape, size)
        layout = torch.ops.mkldnn._get_mkldnn_serialized_md(weight).numpy().tobytes()
        return self.by_size.setdefault(size, self.layouts.setdefault(layout, weight))


def with_packed(network: nn.Module) -> None:
    """Hand the convolutions over to oneDNN as it wants them.

    By itself it lays their weights out anew at each call, which takes a twentieth of the time of a
    line. Activations it applies while a result is at hand, in float32: by themselves they take a
    sixth of the recogniser's time, and read and write each map again.
    """
    for layer in network.modules():
        if type(layer) is nn.Conv2d:
            layer.__class__ = _Packed
            layer.layouts, layer.by_size = {}, {}  # type: ignore[assignment]
    for part in network.modules():
        if isinstance(part, Block):
            part.activation = nn.Identity()
            part.widen.activation = "gelu"  # type: ignore[assignment]
        elif isinstance(part, Stem):
            part.activation = nn.Identity()
            for layer in part.children():
                layer.activation = "relu"  # type: ignore[assignment]


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
