"""What the tests of the API share: the app on a real store, and a worker played by the test."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from api.services import make_services
from shared.blobs import open_blobs
from shared.blobs.folder import FolderBlobs
from shared.settings import Settings
from shared.store import keys
from shared.store.scripts import connect
from tests.api.playing import Api
from tests.api.process import MAX, Start


@pytest.fixture
def make_api(
    store_client: redis.Redis, valkey_settings: Settings, tmp_path: Path
) -> Callable[..., Api]:
    """Make an API with some settings changed; its blobs are the test's own."""

    def make(**changes: object) -> Api:
        settings = valkey_settings.model_copy(update=changes)
        parts = dataclasses.replace(make_services(settings), blobs=FolderBlobs(tmp_path / "blobs"))
        return Api(parts, store_client, tmp_path / "blobs")

    return make


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Iterator[Api]:
    """An API with small limits, open to this machine."""
    made = make_api(max_upload_bytes=200_000, max_queued_pages=50, max_queued_pages_per_tenant=40)
    yield made
    assert made.leftovers() == [], "an upload was left lying about"


@pytest.fixture(scope="module")
def start(valkey_settings: Settings) -> Iterator[Start]:
    """Start `python -m api` with some variables."""
    started: list[subprocess.Popen[str]] = []

    def run(**variables: str) -> subprocess.Popen[str]:
        with closing(connect(valkey_settings.store_url)) as store:
            if blobs_id := open_blobs(valkey_settings).identity():
                store.set(keys.BLOBS, blobs_id)  # the store was emptied since, its folder was not
        process = subprocess.Popen(
            [sys.executable, "-m", "api"],
            env={
                **os.environ,
                "DOCCHU_DATA_DIR": str(valkey_settings.data_dir),
                "DOCCHU_MAX_UPLOAD_BYTES": str(MAX),
                **variables,
            },
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
