"""The service's programs as processes of their own; whichever dies is started again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from bench.service import free_port
from shared.settings import Settings

NULL_WORKER = "bench.workers.null"
"""A worker whose reader reads nothing."""
SILENT_CANARY = {"DOCCHU_CANARY_INTERVAL_S": "100000"}
"""No trial reading but the first, so that only what is measured is done."""
_START_S = 180
_LOOK_S = 0.05


class Crew:
    """Store, API, worker and keeper on a data folder. `modules` say which worker it is."""

    def __init__(self, folder: Path, worker: str, **environ: str) -> None:
        self.modules = {
            "store": "shared.running.embedded",
            "api": "api",
            "worker": worker,
            "keeper": "keeper",
        }
        bind = f"127.0.0.1:{free_port()}"
        self.url = f"http://{bind}"
        self.log = folder / "log"
        store_url = environ.get("DOCCHU_REDIS_URL", "")
        self.settings = Settings(data_dir=folder / "data", bind=bind, redis_url=store_url)
        if not self.settings.embedded:
            del self.modules["store"]
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._environ = {
            **os.environ,
            "DOCCHU_ENV_FILE": "",
            "DOCCHU_DATA_DIR": str(self.settings.data_dir),
            "DOCCHU_BIND": bind,
            "DOCCHU_LOG_LEVEL": "warning",
            **environ,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        for name in self.modules:
            self._start(name)
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def kill(self, name: str) -> None:
        """Kill a program as the kernel does when memory is short."""
        with self._lock:
            self._running[name].kill()

    def processes(self) -> dict[str, psutil.Process]:
        """The programs as they run now: one that dies is gone from what was given here."""
        with self._lock:
            return {name: psutil.Process(one.pid) for name, one in self._running.items()}

    def is_ready(self) -> bool:
        """Whether a trial reading went through the queue."""
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def wait_until(self, holds: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Wait for something that the service does by itself. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: {self.log.read_text()[-3000:]}")
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """End everything, the store last."""
        self._closing.set()
        self._watcher.join()
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            process.wait(60)

    def _start(self, name: str) -> None:
        with self.log.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", self.modules[name]],
                env=self._environ,
                stdout=log,
                stderr=log,
            )

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_S):
            with self._lock:
                for name, process in self._running.items():
                    if process.poll() is not None:
                        self._start(name)


@contextmanager
def running_crew(folder: Path, worker: str, **environ: str) -> Iterator[Crew]:
    """A service that is ready to read."""
    crew = Crew(folder, worker, **environ)
    try:
        crew.wait_until(crew.is_ready, "the service does not become ready", _START_S)
        yield crew
    finally:
        crew.close()
