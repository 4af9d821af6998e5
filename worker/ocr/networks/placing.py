"""Networks on their device, in its number type, in the form that runs fastest there."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.ocr.networks.backbone import Block, Stem

_LINE = 48, 640
"""Height and width of a usual line."""


def placed(
    network: nn.Module, kind: torch.device, dtype: torch.dtype, usual: tuple[int, int]
) -> nn.Module:
    """A network on a device, in a number type, ready to run: pictures are mostly of such a height
    and width."""
    there: nn.Module = network.eval().to(kind, dtype)
    if kind.type == "cuda":
        with_products(there)
    there = there.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if kind.type == "cpu" and _can_fuse(dtype):
        with_packed(there, usual)
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
    """A convolution whose weights lie as oneDNN reads them, with the activation behind it."""

    activation = "none"
    packed: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H / stride, W / stride)."""
        shape = self.padding, self.stride, self.dilation, self.groups
        result: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self.packed, self.bias, *shape, self.activation, [], "none"
        )
        return result


def with_packed(network: nn.Module, usual: tuple[int, int]) -> None:
    """Hand the convolutions over to oneDNN as it wants them for pictures of a usual size.

    By itself it lays their weights out anew at each call, which takes a twentieth of the time of a
    line. Activations it applies while a result is at hand, in float32: by themselves they take a
    sixth of the recogniser's time, and read and write each map again.
    """
    sizes = _seen_by_layers(network, usual)
    for part in network.modules():
        if isinstance(part, Block):
            _activate(part, "gelu", (part.widen,))
        elif isinstance(part, Stem):
            layers = (layer for layer in part.children() if isinstance(layer, nn.Conv2d))
            _activate(part, "relu", layers)
    for layer, size in sizes.items():
        _pack(layer, size)


def _activate(part: Block | Stem, name: str, layers: Iterable[nn.Conv2d]) -> None:
    """Let layers of a part apply the activation behind them."""
    part.activation = nn.Identity()
    for layer in layers:
        layer.__class__ = _Packed
        layer.activation = name  # type: ignore[assignment]


def _seen_by_layers(network: nn.Module, usual: tuple[int, int]) -> dict[nn.Conv2d, torch.Size]:
    """What each convolution sees of a picture (H, W): how its weights lie best depends on it."""
    seen: dict[nn.Conv2d, torch.Size] = {}

    def note(layer: nn.Module, maps: tuple[Tensor]) -> None:
        if isinstance(layer, nn.Conv2d):
            seen[layer] = maps[0].shape

    weight = next(network.parameters())
    picture = weight.new_zeros(1, 3, *usual).to(memory_format=torch.channels_last)
    hooks = [layer.register_forward_pre_hook(note) for layer in network.modules()]
    with torch.inference_mode():
        network(picture)
    for hook in hooks:
        hook.remove()
    return seen


def _pack(layer: nn.Conv2d, size: torch.Size) -> None:
    shape = layer.padding, layer.stride, layer.dilation, layer.groups
    packed = torch.ops.mkldnn._reorder_convolution_weight(layer.weight.detach(), *shape, size)
    layer.__class__ = _Packed
    del layer.weight
    layer.packed = packed


def _can_fuse(dtype: torch.dtype) -> bool:
    """Whether oneDNN is there and multiplies such numbers on this processor."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    has_bf16: bool = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32 or (dtype == torch.bfloat16 and has_bf16)


def placed_recognizer(network: nn.Module, kind: torch.device, dtype: torch.dtype) -> nn.Module:
    """A recogniser likewise, its head exact: logits of 8 bits would be confidences in steps of a
    tenth."""
    there = placed(network, kind, dtype, _LINE)
    head = there.get_submodule("head").float()
    head.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    return there
