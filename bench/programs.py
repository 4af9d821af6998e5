"""The programs of the service, each a process of its own, with a reader that reads nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from bench.service import free_port
from shared.settings import Settings

_PROGRAMS = {
    "store": "shared.embedded",
    "api": "api",
    "worker": "bench.null_worker",
    "keeper": "worker.keeper",
}
_START_S = 90


@contextmanager
def running_programs(
    folder: Path, **variables: str
) -> Iterator[tuple[Settings, dict[str, psutil.Process]]]:
    """Start them on a new data folder, wait until they are ready, and stop them."""
    environ = {
        "DOCCHU_DATA_DIR": str(folder / "data"),
        "DOCCHU_BIND": f"127.0.0.1:{free_port()}",
        "DOCCHU_CANARY_INTERVAL_S": "100000",
        "DOCCHU_LOG_LEVEL": "warning",
        **variables,
    }
    settings = Settings(data_dir=folder / "data", bind=environ["DOCCHU_BIND"])
    settings.data_dir.mkdir()
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        with (folder / "log").open("wb") as log:
            for name, module in _PROGRAMS.items():
                running[name] = subprocess.Popen(
                    [sys.executable, "-m", module],
                    env={**os.environ, **environ},
                    stdout=log,
                    stderr=log,
                )
        wait_until(lambda: _is_ready(settings), _START_S)
        yield settings, {name: psutil.Process(p.pid) for name, p in running.items()}
    finally:
        for process in reversed(running.values()):
            process.terminate()
            process.wait(60)


def _is_ready(settings: Settings) -> bool:
    try:
        return httpx.get(f"http://{settings.bind}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(holds: Callable[[], bool], timeout_s: float) -> None:
    """Wait for something that happens by itself. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)
