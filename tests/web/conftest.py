"""What the tests of the page share: a real Chromium, and two services to visit with it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from api.services import make_services
from bench.service import RunningService, free_port, running_service
from shared.blobs.folder import FolderBlobs
from shared.settings import Settings
from tests.api.playing import Api
from tests.web.browsing import FLAGS, Tab

MakeTab = Callable[..., Tab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window: skipped where it is not installed, except in CI."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        assert os.environ.get("CI") != "true", "CI must have chromium"
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield launched
        launched.close()


@dataclasses.dataclass
class Played:
    """The real API on a port, with the worker's part left to the test."""

    api: Api
    address: str


@pytest.fixture
def make_played(
    store_client: redis.Redis, valkey_settings: Settings, tmp_path: Path
) -> Iterator[Callable[..., Played]]:
    """Start an API with some settings changed."""
    servers = []

    def make(**changes: object) -> Played:
        port = free_port()
        settings = valkey_settings.model_copy(update={"bind": f"127.0.0.1:{port}", **changes})
        blobs = tmp_path / "blobs"
        parts = dataclasses.replace(make_services(settings), blobs=FolderBlobs(blobs))
        api = Api(parts, store_client, blobs)
        server = make_server("127.0.0.1", port, api.app, threaded=True)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((parts, server, thread))
        return Played(api, f"http://127.0.0.1:{port}")

    yield make
    for parts, server, thread in servers:
        parts.waiters.stop()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def played(make_played: Callable[..., Played]) -> Played:
    """An API as it is without settings."""
    return make_played()


@pytest.fixture
def make_tab(browser: Browser, make_played: Callable[..., Played]) -> Iterator[MakeTab]:
    """Open a tab; at the test's end, before the services go, it must be without errors."""
    tabs = []

    def make(address: str, **options: object) -> Tab:
        tabs.append(Tab(browser, address, **options))
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.close()


@pytest.fixture
def tab(make_tab: MakeTab, played: Played) -> Tab:
    """A tab of a Vietnamese reader at a desk."""
    return make_tab(played.address)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The whole service: real worker, real model."""
    with running_service(tmp_path_factory.mktemp("whole")) as running:
        yield running
