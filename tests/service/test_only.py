"""A service whose programs run on several machines is started with `docchu serve --only`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from bench.service import RunningService, free_port
from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from tests.service.documents import numbered_pdf

pytestmark = pytest.mark.acceptance  # whole services, or many pages


@contextmanager
def store(folder: Path) -> Iterator[str]:
    """A store that all machines reach; its address."""
    settings = Settings(data_dir=folder)
    server = subprocess.Popen(server_command(settings))
    try:
        while not is_up(settings):
            assert server.poll() is None
        yield f"unix://{settings.socket_path}"
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def machine(folder: Path, *only: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A machine that runs these programs; what it says stands in its log."""
    options = [word for name in only for word in ("--only", name)]
    environment = {**os.environ, "DOCCHU_ENV_FILE": "", **settings}
    with (folder / f"{'-'.join(only)}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shared.running.local", *options],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_a_worker_of_one_machine_reads_for_the_api_of_another(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    bind = f"127.0.0.1:{free_port()}"
    with ExitStack() as machines:
        url = machines.enter_context(store(tmp_path / "store"))
        where = {
            "DOCCHU_REDIS_URL": url,
            "DOCCHU_DATA_DIR": str(tmp_path / "data"),
            "DOCCHU_BIND": bind,
        }
        first = machines.enter_context(machine(tmp_path, "api", "keeper", **where))
        machines.enter_context(machine(tmp_path, "worker", **where))
        client = machines.enter_context(httpx.Client(base_url=f"http://{bind}", timeout=60))
        service = RunningService(first, client, tmp_path / "api-keeper.log")
        service.wait_until(service.is_ready, "the worker is found", 150)
        answer = client.post("/v1/jobs", files={"file": numbered_pdf(1)})
        assert service.finished(answer.json()["id"])["status"] == "succeeded"
    assert "worker starts, for the service" in (tmp_path / "worker.log").read_text()
    assert "Docchu starts at" in (tmp_path / "api-keeper.log").read_text()
