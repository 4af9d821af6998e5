"""Networks on a processor: the form that they are given there, and that they see the same."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from worker.ocr.networks.detector import Detector
from worker.ocr.networks.placing import placed
from worker.ocr.networks.recognizer import Recognizer

CPU = torch.device("cpu")
NETWORKS = [
    pytest.param(Detector(), (1, 3, 96, 128), id="detector"),
    pytest.param(Recognizer(20), (2, 3, 48, 120), id="recogniser"),
]


def operations(network: nn.Module, picture: torch.Tensor) -> Counter[str]:
    """The operations that torch runs for a picture, how often each."""
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU]) as told:
        network(picture)
    return Counter({event.key: event.count for event in told.key_averages()})


@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_a_placed_network_sees_what_it_saw(network: nn.Module, shape: tuple[int, ...]) -> None:
    picture = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    there = placed(deepcopy(network), CPU, torch.float32, shape[2:])
    with torch.inference_mode():
        torch.testing.assert_close(there(picture), network.eval()(picture), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_no_pass_over_a_map_is_for_its_activation_alone(
    network: nn.Module, shape: tuple[int, ...]
) -> None:
    before = operations(network.eval(), torch.zeros(shape))
    there = placed(deepcopy(network), CPU, torch.float32, shape[2:])
    after = operations(there, torch.zeros(shape))
    assert before["aten::gelu"] == 13 and not after["aten::gelu"]
    assert before["aten::relu"] - after["aten::relu"] == 5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bfloat16", "float16"])
@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_a_number_type_that_the_processor_may_lack_runs(
    network: nn.Module, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    there = placed(deepcopy(network), CPU, dtype, shape[2:])
    with torch.inference_mode():
        seen = there(torch.zeros(shape, dtype=dtype))
    assert seen.isfinite().all()
