"""A network's work on batches of known shapes as CUDA graphs: one launch instead of hundreds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import torch
from torch import Tensor

Work = Callable[..., Sequence[Tensor]]
"""From tensors on the GPU to tensors there; it never waits for the GPU."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Graph:
    """A recording: it reads from `inputs` and writes to `outputs`, wherever it is played."""

    graph: Any
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]

    def play(self, given: Sequence[Tensor]) -> list[Tensor]:
        for own, one in zip(self.inputs, given, strict=True):
            own.copy_(one, non_blocking=True)
        self.graph.replay()
        return [output.clone() for output in self.outputs]


class Graphs:
    """Recordings by name and shape; what was not recorded is run step by step.

    They share their memory, so one plays after the other, on one stream.
    """

    def __init__(self) -> None:
        self._graphs: dict[Hashable, _Graph] = {}
        self._lock = threading.Lock()
        self._pool: Any = None

    def __len__(self) -> int:
        return len(self._graphs)

    def record(self, name: Hashable, work: Work, *inputs: Tensor) -> None:
        """Record work on inputs of such shapes; where that fails it is left as it was."""
        try:
            work(*inputs)  # what is prepared once, such as cuDNN's plans, is no part of a recording
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                outputs = work(*inputs)
        except RuntimeError as error:  # too little memory, or a step that cannot be recorded
            _log.warning("a GPU runs step by step", network=name, reason=str(error)[:300])
            return
        self._pool = self._pool or graph.pool()
        self._graphs[name, inputs[0].shape] = _Graph(graph, inputs, outputs)

    def run(self, name: Hashable, work: Work, *inputs: Tensor) -> Sequence[Tensor]:
        """What the work says of inputs."""
        graph = self._graphs.get((name, inputs[0].shape))
        if graph is None:
            return work(*inputs)
        with self._lock:
            return graph.play(inputs)
