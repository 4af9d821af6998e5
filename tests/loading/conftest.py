"""One page loader for the tests that do it no harm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

from shared.media import sniff
from tests.loading.samples import written
from worker.loading.limits import LoadLimits
from worker.loading.pool import LoadedPage, PageLoader

LIMITS = LoadLimits(max_page_pixels=2_000_000, max_pages=20, page_wall_s=20, page_cpu_s=10)


class Load(Protocol):
    def __call__(self, content: bytes, page: int = 1) -> LoadedPage: ...


class Count(Protocol):
    def __call__(self, content: bytes) -> int: ...


@pytest.fixture(scope="package")
def loader() -> Iterator[PageLoader]:
    with PageLoader(LIMITS, num_processes=1) as loader:
        yield loader


@pytest.fixture
def load(loader: PageLoader, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load a page of a document that is given by its bytes."""
    folder = tmp_path_factory.mktemp("documents")

    def load(content: bytes, page: int = 1) -> LoadedPage:
        media_type = sniff(content)
        assert media_type is not None
        return loader.load(written(folder, content), media_type, page)

    return load


@pytest.fixture
def count(loader: PageLoader, tmp_path_factory: pytest.TempPathFactory) -> Count:
    """Count the pages of a document that is given by its bytes."""
    folder = tmp_path_factory.mktemp("documents")

    def count(content: bytes) -> int:
        media_type = sniff(content)
        assert media_type is not None
        return loader.count_pages(written(folder, content), media_type)

    return count
