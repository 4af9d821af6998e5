"""What the tests of the API share: the app on a real store, and a worker played by the test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from api.services import make_services
from shared.blobs import BlobStore
from shared.settings import Settings
from tests.api.playing import Api


@pytest.fixture
def make_api(
    store_client: redis.Redis, valkey_settings: Settings, tmp_path: Path
) -> Callable[..., Api]:
    """Make an API with some settings changed; its blobs are the test's own."""

    def make(**changes: object) -> Api:
        settings = valkey_settings.model_copy(update=changes)
        parts = dataclasses.replace(make_services(settings), blobs=BlobStore(tmp_path / "blobs"))
        return Api(parts, store_client, tmp_path / "blobs")

    return make


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Iterator[Api]:
    """An API with small limits, open to this machine."""
    made = make_api(max_upload_bytes=100_000, max_queued_pages=50, max_queued_pages_per_tenant=40)
    yield made
    assert made.leftovers() == [], "an upload was left lying about"
