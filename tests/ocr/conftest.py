"""The reader with its shipped weights, loaded once, and how it sees documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.result import Page
from tests.ocr.batching import PIXELS, Device, submit
from tests.ocr.layered import See
from worker.hints import SAMPLES
from worker.loading.limits import LoadLimits
from worker.loading.pool import PageLoader
from worker.ocr.batcher import Batcher
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reader


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """The real reader on the processor."""
    reader = Reader.load(device="cpu")
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def loader() -> Iterator[PageLoader]:
    with PageLoader(LoadLimits(), num_processes=1) as loader:
        yield loader


@pytest.fixture
def see(reader: Reader, loader: PageLoader, tmp_path: Path) -> See:
    """The page of a document that is given by its bytes; `samples` None: its layer is no hint."""

    def see(content: bytes, samples: int | None = SAMPLES) -> Page:
        path = tmp_path / "document"
        path.write_bytes(content)
        words = loader.layer(path, 1)
        picture = loader.load(path, "application/pdf", 1).picture
        hint = None if samples is None else Hint(words, samples)
        return reader.read(picture, hint=hint).page

    return see


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def batcher(device: Device) -> Iterator[Batcher]:
    """A batcher for four items a batch, whose device is busy with one already."""
    batcher = Batcher(device.run, budget=4 * PIXELS)
    submit(batcher, "first", ["-"], job="first")
    assert device.is_busy.wait(10)
    yield batcher
    device.is_free.set()
    batcher.close()
