"""The reader on a GPU. What needs none runs on the processor, too, where there is no GPU."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from shared.observing.machine import Cards
from tests.ocr.samples import Picture, networks, picture_of, reads_as, text_read
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.device import Device, pick
from worker.ocr.networks.inference import Key, Networks
from worker.ocr.networks.number_types import sample_page
from worker.ocr.networks.orientation import OrientationClassifier
from worker.ocr.networks.placing import with_products
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import prepare, to_tensor
from worker.processes import Machine

pytestmark = pytest.mark.gpu

HAS_GPU = torch.cuda.is_available()
DEVICE = "cuda" if HAS_GPU else "cpu"
on_gpu = pytest.mark.skipif(not HAS_GPU, reason="there is no GPU on this machine")
NAMES = ("decree", "receipt", "columns")


@pytest.fixture(scope="module")
def device_reader() -> Iterator[Reader]:
    """The real reader on the device."""
    reader = Reader.load(device=DEVICE)
    yield reader
    reader.close()


def enlarged(picture: Picture, scale: float) -> Picture:
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


@on_gpu
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_reads_what_the_processor_reads(
    reader: Reader, device_reader: Reader, name: str
) -> None:
    exact, read = (one.read(picture_of(name)).page for one in (reader, device_reader))
    assert text_read(read) == text_read(exact)
    for line, other in zip(read.lines, exact.lines, strict=True):
        assert line.confidence == pytest.approx(other.confidence, abs=1e-2)
        assert np.abs(np.subtract(line.box, other.box)).max() < 4


@pytest.mark.parametrize("name", NAMES)
def test_the_device_reads_real_pictures(device_reader: Reader, name: str) -> None:
    assert reads_as(device_reader.read(picture_of(name)).page, name)


def test_pages_of_many_sizes_read_at_once_say_what_each_says_alone(device_reader: Reader) -> None:
    scales = (("decree", 1.0), ("decree", 0.8), ("receipt", 0.9), ("line", 1.2))
    pages = [enlarged(picture_of(name), scale) for name, scale in scales]
    alone = [device_reader.read(page).page for page in pages]
    with ThreadPoolExecutor(len(pages)) as pool:
        together = list(pool.map(lambda page: device_reader.read(page).page, pages))
    for one, mixed in zip(alone, together, strict=True):
        assert text_read(mixed) == text_read(one)
        for line, other in zip(mixed.lines, one.lines, strict=True):
            assert line.confidence == pytest.approx(other.confidence, abs=1e-2)


def test_lines_of_all_widths_share_batches_of_few_shapes_and_say_what_each_says_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = prepare(picture_of("line"))
    lines = [np.ascontiguousarray(line[:, : 32 * (7 + 3 * number)]) for number in range(5)]
    alone = [_placed().run(Key("recognize", *one.shape[:2]), [one])[0] for one in lines]
    monkeypatch.setattr(Device, "is_gpu", True)  # as on one, on the processor, too
    many = _placed()
    forward, shapes = Recognizer.forward, set()

    def noted(network: Recognizer, batch: Tensor, widths: Tensor) -> Tensor:
        shapes.add(tuple(batch.shape))
        return forward(network, batch, widths)

    monkeypatch.setattr(Recognizer, "forward", noted)
    width = pick(DEVICE).filled_width(lines[-1].shape[1])
    together = many.run(Key("recognize", line.shape[0], width), lines)
    assert len(together) == 5 and shapes == {(8, 3, 48, width)}
    for one, mixed in zip(alone, together, strict=True):
        assert np.array_equal(one.classes[:, 0], mixed.classes[:, 0])
        assert np.abs(one.confidences[:, 0] - mixed.confidences[:, 0]).max() < 1e-3


def _placed() -> Networks:
    detector, recognizer = networks()
    return Networks(detector, OrientationClassifier(), recognizer, pick(DEVICE, torch.float32))


@on_gpu
def test_graphs_say_what_the_same_networks_say_step_by_step() -> None:
    recorded, stepped = _placed(), _placed()
    recorded.warm_up()
    line = prepare(picture_of("line"))
    lines = [np.ascontiguousarray(line[:, : 32 * (7 + 3 * number)]) for number in range(5)]
    key = Key("recognize", 48, recorded.device.filled_width(lines[-1].shape[1]))
    for _ in range(2):
        assert recorded.num_recorded > 10 and stepped.num_recorded == 0
        for one, other in zip(recorded.run(key, lines), stepped.run(key, lines), strict=True):
            assert np.array_equal(one.classes[:, 0], other.classes[:, 0])
            assert np.abs(one.confidences - other.confidences).max() < 1e-2
    page = np.ascontiguousarray(sample_page())
    (found,) = recorded.run(Key("detect", 992, 992), [page])
    (other,) = stepped.run(Key("detect", 992, 992), [page])
    assert found.shape == (992, 768)
    assert np.abs(found - other).max() < 1e-2


def test_convolutions_of_single_pixels_are_products() -> None:
    _, recognizer = networks()
    line = to_tensor([prepare(picture_of("line"))], DEVICE)
    with torch.inference_mode():
        exact = recognizer.eval().to(DEVICE)(line)
        with_products(recognizer)
        # More than half of its convolutions are of single pixels.
        kinds = [type(one) for one in recognizer.modules() if isinstance(one, nn.Conv2d)]
        assert kinds.count(nn.Conv2d) < len(kinds) / 2
        assert torch.allclose(recognizer(line), exact, atol=1e-3)


@on_gpu
def test_memory_that_really_runs_out_is_told_as_that(device_reader: Reader) -> None:
    free, _ = torch.cuda.mem_get_info()
    with pytest.raises(torch.OutOfMemoryError):
        torch.empty(2 * free, dtype=torch.uint8, device=DEVICE)
    assert reads_as(device_reader.read(picture_of("decree")).page, "decree")


_READ = """
import json, sys
from tests.ocr.samples import picture_of, text_read
from worker.ocr.reader import Reader
from worker.ocr.recognition.lines import prepare
reader = Reader.load(device=sys.argv[1], memory_bytes=int(sys.argv[2]))
print(json.dumps(text_read(reader.read(picture_of("receipt")).page)))
"""


def test_two_processes_on_one_device_read_side_by_side(device_reader: Reader) -> None:
    command = [sys.executable, "-c", _READ, DEVICE, str(4 << 30)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    wanted = text_read(device_reader.read(picture_of("receipt")).page)
    for process in both:
        said, _ = process.communicate(timeout=170)
        assert process.returncode == 0
        assert json.loads(said.splitlines()[-1]) == wanted


def test_a_reader_that_is_warm_has_run_every_network(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, seen = Reader.load(device=DEVICE, graphs=False), set()
    for kind in (Detector, Recognizer):

        def noted(network: nn.Module, *given: Tensor, forward=kind.forward) -> Tensor:  # type: ignore[no-untyped-def]
            seen.add(type(network))
            return forward(network, *given)

        monkeypatch.setattr(kind, "forward", noted)
    reader.warm_up()
    assert seen == {Detector, Recognizer}
    reader.close()


def test_the_driver_counts_the_gpus_that_torch_sees() -> None:
    cards = Machine.here().cards
    assert len(cards) == torch.cuda.device_count()
    for number, size in enumerate(cards):
        assert size == torch.cuda.get_device_properties(number).total_memory
    assert ctypes.sizeof(ctypes.c_size_t) == 8  # of which the sizes are read


@on_gpu
def test_the_driver_tells_of_each_gpu_how_busy_and_how_full_it_is() -> None:
    torch.ones(1, device="cuda")
    busy, used, size = (family.samples for family in Cards().collect())
    assert len(busy) == len(used) == len(size) == torch.cuda.device_count()
    for share, taken, whole in zip(busy, used, size, strict=True):
        assert 0 <= share.value <= 1 and 0 < taken.value < whole.value
