"""The whole service as processes, on a data folder of its own; whatever dies is started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import psutil

from bench.receiver import Receiver
from bench.service import free_port
from shared.settings import Settings
from shared.store.scripts import connect
from tests.faults.elsewhere import Library
from tests.faults.stores import ORDINARY, EmbeddedStore, Footing, Store, WatchedStore
from tests.grounds import FolderGround, Ground, started_objects

LEASE_S = 1.5
_PROGRAMS = ("api", "worker-1", "worker-2", "keeper-1", "keeper-2")
_START_S = 90
_LOOK_S = 0.03
_LISTEN = psutil.CONN_LISTEN


class World:
    """The store, the API, two workers and two keepers. `client` and `http` talk to them.

    The programs reach the store through proxies, `client` does not have to.
    """

    def __init__(self, folder: Path, footing: Footing, **environ: str) -> None:
        self.failpoints = folder / "failpoints"
        self.failpoints.mkdir(parents=True)
        self.ground: Ground = FolderGround(folder / "data" / "blobs")
        self._own_environ = mock.patch.dict(os.environ)
        self._own_environ.start()
        if footing.objects:
            self.ground = started_objects()
            os.environ |= self.ground.environ  # for what looks into it from here
            environ = {"DOCCHU_BLOBS": self.ground.blobs, **self.ground.environ, **environ}
        self._environ = _environ(folder, self.failpoints) | environ
        if footing.sentinel:
            self.store: Store = WatchedStore(folder / "store")
            self._environ["DOCCHU_REDIS_URL"] = self.store.url
            self._environ["DOCCHU_STALL_S"] = "12"  # an answer may come after ten: no page is slow
        named = {
            name.removeprefix("DOCCHU_").lower(): value
            for name, value in self._environ.items()
            if name.startswith("DOCCHU_")
        }
        self.settings = Settings(**named)  # type: ignore[arg-type]
        self._environ["DOCCHU_ENV_FILE"] = ""
        self.settings.data_dir.mkdir()
        self.receiver = Receiver()
        self.receiver.start()
        self.library = Library()
        if not footing.sentinel:
            self.store = EmbeddedStore(folder, self.settings)
            self._environ["DOCCHU_REDIS_URL"] = self.store.url
        self.programs = (*self.store.programs, *_PROGRAMS)
        self._held: set[str] = set()
        self.client: Any = connect(self.settings.store_url)
        # Each request on a connection of its own: one to an API that was killed is no fault.
        self.http = httpx.Client(
            base_url=f"http://{self.settings.bind}",
            timeout=20,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self.restarts: Counter[str] = Counter()
        self.erased: dict[str, int] = {}  # job -> number of its document
        self.at_point: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.surprises: list[str] = []  # answers that nothing but a bug explains
        self.log = folder / "log"
        self._processes: dict[str, psutil.Process] = {}
        self._lock, self._ordering = threading.Lock(), threading.Lock()
        self._closing = threading.Event()
        self._start_all()

    def _start_all(self) -> None:
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        # A pipe and no file: what the processes say must get through when their disk is full.
        self._logger = threading.Thread(target=self._write_log)
        self._logger.start()
        for name in self.store.programs:
            self._start(name)
        self.wait_until(self.store.is_whole, "the store does not start", _START_S)
        for name in _PROGRAMS:
            self._start(name)
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    @property
    def num_lost(self) -> int:
        """Answers of the store that were lost so far."""
        return sum(proxy.num_lost for proxy in self.store.proxies)

    def process(self, name: str) -> psutil.Process:
        """The program's process as it runs now."""
        with self._lock:
            return self._processes[name]

    def signal(self, name: str, number: int) -> psutil.Process:
        """Send a program's process a signal, and say which process that was."""
        process = self.process(name)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        return process

    def end(self, name: str, for_s: float) -> None:
        """Kill a program, that is started again after so long."""
        with self._lock:
            self._held.add(name)
        self.signal(name, signal.SIGKILL)
        time.sleep(for_s)
        with self._lock:
            self._held.discard(name)

    def is_ready(self) -> bool:
        """Whether a trial reading went through the queue."""
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def serving(self) -> frozenset[int]:
        """The API's processes once they serve; none while one that was killed is on its way out.

        A worker of gunicorn outlives its killed master by a second or more, and keeps the port.
        """
        try:
            api = self.process("api")
            ports = [one.laddr.port for one in api.net_connections() if one.status == _LISTEN]
            if self.settings.port in ports and self.http.get("/healthz").status_code == 200:
                return frozenset({api.pid, *(child.pid for child in api.children())})
        except (psutil.Error, httpx.TransportError):
            pass
        return frozenset()

    def wait_until(self, holds: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Wait for something that the service does by itself. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """End everything at once; the zygote sees to it."""
        self._closing.set()
        self._watcher.join()
        assert self._zygote.stdin and self._zygote.stdout
        self._zygote.stdin.close()
        self._zygote.wait()
        self._logger.join()
        self._zygote.stdout.close()
        self.store.close()
        self.ground.close()
        self._own_environ.stop()
        self.receiver.stop()
        self.library.close()
        self.http.close()
        self.client.close()

    def fork(self, program: str, **environ: str) -> psutil.Process:
        """Start a program as the service's own are, that nobody starts again."""
        assert self._zygote.stdin and self._zygote.stdout
        order = {"program": program, "environ": self._environ | environ}
        with self._ordering:
            self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
            self._zygote.stdin.flush()
            process_id = int(self._zygote.stdout.readline())
        return psutil.Process(process_id)

    def _start(self, name: str) -> None:
        more = self.store.environ(name) if name in self.store.programs else {}
        process = self.fork(name.partition("-")[0], **more)
        with self._lock:
            self._processes[name] = process

    def _watch(self) -> None:
        while not self._closing.wait(_LOOK_S):
            for name in self.programs:
                if name not in self._held and not self.process(name).is_running():
                    self.restarts[name.partition("-")[0]] += 1
                    try:
                        self._start(name)
                    except psutil.NoSuchProcess:
                        continue  # it died at once; the next look starts it again

    def _write_log(self) -> None:
        assert self._zygote.stderr
        with self._zygote.stderr, self.log.open("wb") as log:
            while data := os.read(self._zygote.stderr.fileno(), 1 << 16):
                log.write(data)
                log.flush()


def _environ(folder: Path, failpoints: Path) -> dict[str, str]:
    return {
        "DOCCHU_DATA_DIR": str(folder / "data"),
        "DOCCHU_BIND": f"127.0.0.1:{free_port()}",
        "DOCCHU_FAILPOINTS_DIR": str(failpoints),
        "DOCCHU_API_THREADS": "16",
        "DOCCHU_WORKER_SLICES": "2",
        "DOCCHU_LOADER_PROCESSES": "1",
        "DOCCHU_SLICE_PAGES": "2",
        "DOCCHU_LEASE_S": str(LEASE_S),
        "DOCCHU_STALL_S": "3",
        "DOCCHU_DEAF_S": "20",
        "DOCCHU_KEEPER_INTERVAL_S": "0.2",
        "DOCCHU_CANARY_INTERVAL_S": "20",
        "DOCCHU_INPUT_TTL_S": "2",
        "DOCCHU_ORPHAN_AGE_S": "60",
        "DOCCHU_ALLOW_TARGETS": "127.0.0.0/8",
        "DOCCHU_FETCH_TIMEOUT_S": "4",
        "DOCCHU_WEBHOOK_TIMEOUT_S": "1",
        "DOCCHU_WEBHOOK_SCHEDULE_S": "0,0.5,1,1,2,2,2,2,2,2",
        "DOCCHU_SWEEP_INTERVAL_S": "10",
    }


@contextlib.contextmanager
def running_world(folder: Path, footing: Footing = ORDINARY, **environ: str) -> Iterator[World]:
    """A world that is ready to read."""
    world = World(folder, footing, **environ)
    try:
        world.wait_until(world.is_ready, "the service does not become ready", _START_S)
        yield world
    finally:
        world.close()


def resume(process: psutil.Process) -> None:
    """Let a stopped process go on."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)
