"""Networks on a processor: the form that they are given there, and that they see the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    there = placed(deepcopy(network), CPU, torch.float32)
    with torch.inference_mode():
        torch.testing.assert_close(there(picture), network.eval()(picture), rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_no_pass_over_a_map_is_for_its_activation_alone(
    network: nn.Module, shape: tuple[int, ...]
) -> None:
    before = operations(network.eval(), torch.zeros(shape))
    there = placed(deepcopy(network), CPU, torch.float32)
    after = operations(there, torch.zeros(shape))
    assert before["aten::gelu"] == 13 and not after["aten::gelu"]
    assert before["aten::relu"] - after["aten::relu"] == 5


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=["bfloat16", "float32"])
@pytest.mark.parametrize(
    ("network", "sizes"),
    [
        pytest.param(Recognizer(20), [(48, 640), (48, 32), (48, 64), (48, 1024)], id="lines"),
        pytest.param(Detector(), [(768, 992), (64, 320), (128, 640)], id="pages"),
    ],
)
def test_weights_are_not_laid_out_anew_for_a_picture_of_another_size(
    network: nn.Module,
    sizes: Sequence[tuple[int, int]],
    dtype: torch.dtype,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """They were laid out for usual ones: oneDNN took 140 ms to change that for a word of 5."""
    there = placed(deepcopy(network), CPU, dtype)
    for size in sizes:
        picture = torch.zeros(1, 3, *size, dtype=dtype).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            there(picture)
            with torch.backends.mkldnn.verbose(1):
                there(picture)
    told = [line for line in capfd.readouterr().out.splitlines() if "primitive,exec" in line]
    assert any("convolution" in line for line in told)
    assert [line for line in told if "reorder,simple" in line] == []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bfloat16", "float16"])
@pytest.mark.parametrize(("network", "shape"), NETWORKS)
def test_a_number_type_that_the_processor_may_lack_runs(
    network: nn.Module, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    there = placed(deepcopy(network), CPU, dtype)
    with torch.inference_mode():
        seen = there(torch.zeros(shape, dtype=dtype))
    assert seen.isfinite().all()
