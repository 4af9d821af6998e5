"""Which number type a GPU runs the networks in: none that sees something else."""

from __future__ import annotations

import pytest
import torch

from tests.ocr.samples import networks
from worker.ocr.networks import number_types
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.number_types import HALF_TYPES, faster_same, sample_page
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.reader import Reader

pytestmark = pytest.mark.gpu

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
on_gpu = pytest.mark.skipif(DEVICE == "cpu", reason="there is no GPU on this machine")


def test_the_sample_of_the_trial_can_be_read(reader: Reader) -> None:
    lines = reader.read(sample_page()).page.lines
    assert sum(line.text.startswith("Doc chu 01234567") for line in lines) == 27


@pytest.mark.parametrize("dtype", HALF_TYPES, ids=str)
@on_gpu
def test_both_half_types_see_what_the_exact_one_sees(dtype: torch.dtype) -> None:
    kind = torch.device(DEVICE)
    exact, seen = (number_types._seen(*networks(), kind, one)[1] for one in (torch.float32, dtype))
    assert number_types._is_same(exact, seen)


def test_a_number_type_in_which_the_networks_see_something_else_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if it were by far the fastest: one that is wrong, one that is not a number, one right."""
    detector, recognizer = Detector(), Recognizer(8)
    exact = torch.rand(4, 30, 8).mul(20).softmax(2), torch.rand(1, 1, 64, 64)
    wrong = exact[0].roll(1, 2), exact[1]
    seen = {
        torch.float32: (9.0, exact),
        torch.float16: (1.0, wrong),
        torch.bfloat16: (2.0, (exact[0], exact[1] * float("nan"))),
        torch.float64: (3.0, exact),
    }
    monkeypatch.setattr(number_types, "_seen", lambda *call: seen[call[3]])
    types = (torch.float16, torch.bfloat16, torch.float64)
    kind = torch.device(DEVICE)
    assert faster_same(detector, recognizer, kind, types) is torch.float64
    assert faster_same(detector, recognizer, kind, types[:2]) is torch.float32
