"""What many tests stand on: a real Valkey server, started here and stopped by its process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from tests.grounds import FolderGround, Ground, ObjectGround
from tests.object_front import ObjectFront
from tests.objects import ObjectServer

# No test, and no program that it starts, reads the settings of whoever runs it.
for _name in [name for name in os.environ if name.startswith("DOCCHU_")]:
    if not _name.startswith("DOCCHU_TEST_"):
        del os.environ[_name]
os.environ["DOCCHU_ENV_FILE"] = ""
# As `docchu serve` does it for its processes: wherever they run, they find the server.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
# Nor do they go through its proxy, nor see its fonts: browsers choose others where there are more.
for _name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[_name]
os.environ["FONTCONFIG_FILE"] = str(Path(__file__).parent / "fonts" / "fonts.conf")

# Shells start what they put into the background deaf to SIGINT, and every child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def valkey_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of an embedded server that runs for the whole session."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("valkey"))
    command = server_command(settings)
    # The same tests on another server: DOCCHU_TEST_SERVER=/usr/bin/redis-server make test
    command[0] = os.environ.get("DOCCHU_TEST_SERVER", command[0])
    server = subprocess.Popen(command)
    while not is_up(settings):
        assert server.poll() is None, "the embedded server ended at its start"
        time.sleep(0.02)
    yield settings
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="session")
def valkey_url(valkey_settings: Settings) -> str:
    """The address of a real Valkey server."""
    return valkey_settings.store_url


@pytest.fixture
def store_client(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of the server, emptied before the test."""
    client = redis.Redis.from_url(valkey_url, decode_responses=True)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    """A real S3 server, to which the variables of this process lead."""
    server = ObjectServer()
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environ.items():
            patch.setenv(name, value)
        yield server
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def ground(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ground]:
    """What the test's blobs lie on: the same test on each."""
    if request.param == "folder":
        yield FolderGround(tmp_path / "blobs")
        return
    server: ObjectServer = request.getfixturevalue("object_server")
    front = ObjectFront(server.port)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{front.port}")
    yield ObjectGround(server, front, tmp_path.name)
    front.close()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty data folder."""
    return tmp_path / "data"
