"""Reading the layers of an ONNX file, with their weights, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Array = NDArray[np.float32]


class GraphError(ValueError):
    """The ONNX graph has a shape that the importer does not know."""


@dataclass(frozen=True)
class Layer:
    """One layer with weights, laid out as torch lays them out; its shift may be missing."""

    op: str
    weight: Array
    bias: Array | None


class Graph:
    """An ONNX file: its layers, its metadata."""

    def __init__(self, path: Path) -> None:
        model = onnx.load(str(path))
        self.metadata = {entry.key: entry.value for entry in model.metadata_props}
        self._constants: dict[str, Array] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._read(model.graph)
        self._taken: set[str] = set()

    def layers(self) -> list[Layer]:
        """Every layer that has weights, in execution order.

        Batch normalisation is folded into the convolution before it. Raises GraphError where a
        weight belongs to no layer.
        """
        self._taken = set()
        found = [layer for node in self._nodes if (layer := self._layer(node)) is not None]
        self._check_all_taken()
        return found

    def _read(self, graph: onnx.GraphProto) -> None:
        for tensor in graph.initializer:
            self._constants[tensor.name] = numpy_helper.to_array(tensor)
        alias: dict[str, str] = {}
        for node in graph.node:
            for i, name in enumerate(node.input):
                node.input[i] = alias.get(name, name)
            is_vector = node.op_type == "Reshape" and node.input[0] in self._constants
            if node.op_type == "Identity" or is_vector:
                alias[node.output[0]] = node.input[0]
            elif node.op_type == "Constant":
                value = next(a.t for a in node.attribute if a.name == "value")
                self._constants[node.output[0]] = numpy_helper.to_array(value)
            else:
                self._nodes.append(node)

    def _layer(self, node: onnx.NodeProto) -> Layer | None:
        if node.op_type in ("Conv", "ConvTranspose"):
            return self._convolution(node)
        if node.op_type == "MatMul" and self._has_vector(node):
            return Layer("Linear", self._take(node.input[1]).T, self._shift_after(node))
        if node.op_type == "Mul" and self._has_vector(node):
            return Layer("LayerNorm", self._take(node.input[1]), self._shift_after(node))
        return None

    def _convolution(self, node: onnx.NodeProto) -> Layer:
        weight = self._take(node.input[1])
        bias = self._take(node.input[2]) if len(node.input) > 2 else self._shift_after(node)
        norm = next((n for n in self._users(node) if n.op_type == "BatchNormalization"), None)
        if norm is None:
            return Layer(node.op_type, weight, bias)
        epsilon = next(a.f for a in norm.attribute if a.name == "epsilon")
        gain, shift, mean, variance = (
            self._take(name).astype(np.float64) for name in norm.input[1:5]
        )
        scale = gain / np.sqrt(variance + epsilon)
        folded_bias = shift + scale * ((0.0 if bias is None else bias) - mean)
        folded = weight * scale[:, None, None, None]
        return Layer(node.op_type, folded.astype(np.float32), folded_bias.astype(np.float32))

    def _shift_after(self, node: onnx.NodeProto) -> Array | None:
        for user in self._users(node):
            if user.op_type == "Add" and self._has_vector(user, min_size=1):
                return self._take(user.input[1]).reshape(-1)
        return None

    def _users(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        return (user for user in self._nodes if node.output[0] in user.input)

    def _has_vector(self, node: onnx.NodeProto, min_size: int = 2) -> bool:
        constant = self._constants.get(node.input[1])
        return constant is not None and constant.ndim > 0 and constant.size >= min_size

    def _take(self, name: str) -> Array:
        if name in self._taken:
            raise GraphError(f"{name} belongs to two layers")
        self._taken.add(name)
        return self._constants[name]

    def _check_all_taken(self) -> None:
        shapes = {name for node in self._nodes if node.op_type == "Resize" for name in node.input}
        for name, constant in self._constants.items():
            is_weight = constant.dtype == np.float32 and constant.size > 1 and name not in shapes
            if is_weight and name not in self._taken:
                raise GraphError(f"{name} {constant.shape} belongs to no layer")
