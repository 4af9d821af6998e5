"""The reader with its shipped weights, loaded once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from worker.ocr.reader import Reader


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """The real reader on the processor."""
    reader = Reader.load(device="cpu")
    yield reader
    reader.close()
