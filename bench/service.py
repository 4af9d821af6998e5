"""The whole service as `make run` starts it, on a free port and a data folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

_START_S = 180
_STOP_S = 60


@dataclass
class RunningService:
    """A service with its supervisor; `client` talks to its API."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def program(self, name: str) -> psutil.Process:
        """The main process of a program: `valkey-server`, `api`, `worker` or `keeper`."""
        for child in psutil.Process(self.process.pid).children():
            # The store rewrites its command line, so its program is looked at, too.
            if name in child.cmdline() or Path(child.exe()).name == name:
                return child
        raise LookupError(f"{name} does not run: {self.log.read_text()[-2000:]}")

    def kill(self, name: str) -> None:
        """Kill a program as the kernel does when memory is short."""
        victim = self.program(name)
        victim.send_signal(signal.SIGKILL)
        victim.wait(30)

    def is_ready(self) -> bool:
        """Whether a trial reading went through the queue."""
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def wait_until(self, holds: Callable[[], bool], what: str, timeout_s: float = 60) -> None:
        """Wait for something that the service does by itself. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"{what}: {self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def finished(self, job_id: str, timeout_s: float = 150) -> dict[str, Any]:
        """The job once it has ended, through restarts of anything. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                answer = self.client.get(f"/v1/jobs/{job_id}?wait=5")
            except httpx.TransportError:
                continue
            job: dict[str, Any] = answer.json()
            if job.get("finished_at"):
                return job
            if answer.status_code != 200:
                time.sleep(0.1)
        raise TimeoutError(f"{job_id} did not end: {self.log.read_text()[-3000:]}")


@contextmanager
def running_service(folder: Path, **settings: str) -> Iterator[RunningService]:
    """Start everything, wait until it is ready, and stop it as Ctrl-C does."""
    bind = f"127.0.0.1:{free_port()}"
    environment = {
        **os.environ,
        "DOCCHU_ENV_FILE": "",
        "DOCCHU_DATA_DIR": str(folder / "data"),
        "DOCCHU_BIND": bind,
        **settings,
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shared.running.local"], env=environment, stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://{bind}", timeout=150) as client:
            service = RunningService(process, client, folder / "log")
            service.wait_until(service.is_ready, "the service does not become ready", _START_S)
            yield service
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_STOP_S)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
