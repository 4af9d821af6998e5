"""A GPU whose memory is short, or that is lost; on the processor, too, where there is no GPU."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from tests.ocr.samples import picture_of, reads_as
from worker.ocr.batcher import DeviceLost, DeviceOutOfMemory
from worker.ocr.networks.device import pick
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.reader import Reader

pytestmark = pytest.mark.gpu

HAS_GPU = torch.cuda.is_available()
DEVICE = "cuda" if HAS_GPU else "cpu"
on_gpu = pytest.mark.skipif(not HAS_GPU, reason="there is no GPU on this machine")
MIB = 1 << 20


def test_where_the_memory_runs_out_batches_are_halved_and_all_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error is the device's own; on a GPU the next test lets it come by itself."""
    most, forward, refused = 1, Recognizer.forward, []

    def short_of_memory(network: Recognizer, batch: Tensor, *widths: Tensor) -> Tensor:
        if len(batch) > most:
            refused.append(len(batch))
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(network, batch, *widths)

    monkeypatch.setattr(Recognizer, "forward", short_of_memory)
    if HAS_GPU:  # the warm-up meets it, too
        monkeypatch.setattr("worker.ocr.reader.faster_same", lambda *_: torch.float32)
    reader = Reader.load(device=DEVICE, graphs=False)
    assert reads_as(reader.read(picture_of("decree")).page, "decree")
    assert refused
    reader.close()


_SHORT = """
import json, sys, torch
from tests.ocr.samples import picture_of, reads_as
from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import prepare
reader = Reader.load(device="cuda", memory_bytes=int(sys.argv[1]))
read = reader.read(picture_of("decree")).page
print(json.dumps([reads_as(read, "decree"), torch.cuda.max_memory_reserved()]))
"""


@on_gpu
def test_a_limit_to_the_gpus_memory_is_kept_and_pages_are_read_within_it() -> None:
    limit = 1200 * MIB
    ended = subprocess.run(
        [sys.executable, "-c", _SHORT, str(limit)], capture_output=True, text=True, timeout=170
    )
    assert ended.returncode == 0, ended.stderr
    is_read, reserved = json.loads(ended.stdout.splitlines()[-1])
    assert is_read and reserved < limit


def test_one_line_that_does_not_fit_fails_its_page_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader.load(device=DEVICE, graphs=False)  # a graph calls no forward
    forward, is_short = Recognizer.forward, [True]

    def never_fits(network: Recognizer, batch: Tensor, *widths: Tensor) -> Tensor:
        if is_short[0]:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(network, batch, *widths)

    monkeypatch.setattr(Recognizer, "forward", never_fits)
    with pytest.raises(DeviceOutOfMemory):
        reader.read(picture_of("line"))
    is_short[0] = False
    assert reads_as(reader.read(picture_of("line")).page, "line")
    reader.close()


def test_a_device_that_is_lost_ends_the_reader_for_all_who_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Reader.load(device=DEVICE, graphs=False)

    def lost(network: Recognizer, batch: Tensor, *widths: Tensor) -> Tensor:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(Recognizer, "forward", lost)
    with ThreadPoolExecutor(3) as pool:
        pages = [
            pool.submit(reader.read, picture_of(name)) for name in ("decree", "receipt", "columns")
        ]
        assert all(isinstance(page.exception(), DeviceLost) for page in pages)
    monkeypatch.undo()
    with pytest.raises(DeviceLost):  # it does not come back in this process
        reader.read(picture_of("line"))
    reader.close()


@on_gpu
def test_the_budget_of_a_batch_follows_the_memory_that_is_free() -> None:
    free = pick(DEVICE).budget
    taken = torch.empty(torch.cuda.mem_get_info()[0] // 2, dtype=torch.uint8, device=DEVICE)
    assert pick(DEVICE).budget < 0.6 * free
    del taken
    torch.cuda.empty_cache()
