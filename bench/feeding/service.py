"""A store and workers whose networks answer from memory, with pages to read that never run out."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from bench.feeding.remembering import Counts, answer_from, save
from shared.blobs import INPUT, open_blobs
from shared.ids import new_id
from shared.jobs import Document
from shared.media import HEAD_BYTES, sniff
from shared.options import Options
from shared.running.embedded import is_up, server_command
from shared.settings import Settings
from shared.store import keys
from shared.store.api_keys import DEFAULT_TENANT
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob
from shared.store.scripts import connect
from shared.store.workers import Workers

_WORKER = "bench.workers.instant"
_KEPT = 64
"""Pages that wait for each process: more than it has in hand."""
_START_S = 180
_DAY_S = 24 * 3600


def learn(paths: Sequence[Path], file: Path) -> None:
    """Read all pages with the networks, and write down what these answered."""
    from worker.loading.limits import LoadLimits
    from worker.loading.pool import PageLoader
    from worker.ocr.reader import Reader

    answers: dict[str, Any] = {}
    counts = Counts(file.with_suffix(".counts"), is_new=True)
    answer_from(answers, counts)
    reader = Reader.load(device="cpu")
    with PageLoader(LoadLimits(), 1) as loader:
        for path in paths:
            reader.read(loader.load(path, _media_type(path), 1).picture)
    reader.close()
    save(answers, file)


@dataclass(frozen=True)
class Spent:
    """Pages read so far, and the seconds of processor time that they took in all processes."""

    pages: int
    worker_s: float
    decoding_s: float
    device_s: float
    answering_s: float
    store_s: float
    unknown: int


class InstantService:
    """Store and workers; a thread of this process gives them pages. Ready once it is entered."""

    def __init__(
        self, folder: Path, answers: Path, paths: Sequence[Path], num_processes: int
    ) -> None:
        self._folder, self._answers = folder, answers
        self._paths, self._num_processes = paths, num_processes
        self._settings = Settings(data_dir=folder / "data", device="cpu")
        self._counts: dict[int, Counts] = {}
        self._num_given = 0
        self._closing = threading.Event()
        self._open = contextlib.ExitStack()

    def __enter__(self) -> InstantService:
        with contextlib.ExitStack() as unless_ready:
            unless_ready.callback(self.__exit__, None, None, None)
            (self._folder / "counts").mkdir(parents=True)
            self._settings.data_dir.mkdir()
            self._store = self._program(server_command(self._settings))
            self._wait_until(lambda: is_up(self._settings), "the store does not start")
            self._client = connect(self._settings.store_url)
            self._worker = self._program([sys.executable, "-m", _WORKER])
            register = Workers(self._client)
            self._wait_until(
                lambda: len(register.alive()) >= self._num_processes, "the workers do not start"
            )
            giver = threading.Thread(target=self._give)
            giver.start()
            self._open.callback(giver.join)
            self._open.callback(self._closing.set)
            warm = len(self._paths) * self._num_processes  # each once before anything is measured
            self._wait_until(lambda: self._num_read() >= warm, "no pages are read")
            unless_ready.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def worker_ids(self) -> list[int]:
        """The processes that read."""
        if self._num_processes == 1:
            return [self._worker.pid]
        return [child.pid for child in psutil.Process(self._worker.pid).children()]

    def spent(self) -> Spent:
        """What was done so far."""
        workers = [psutil.Process(pid) for pid in self.worker_ids()]
        children = [child for worker in workers for child in worker.children(recursive=True)]
        counted = [self._count_of(worker.pid).now() for worker in workers]
        device_s, answering_s, unknown = map(sum, zip(*counted, strict=True))
        return Spent(
            pages=self._num_read(),
            worker_s=sum(map(_cpu_s, workers)),
            decoding_s=sum(map(_cpu_s, children)) + sum(map(_cpu_s_of_ended, workers)),
            device_s=device_s,
            answering_s=answering_s,
            store_s=_cpu_s(psutil.Process(self._store.pid)),
            unknown=int(unknown),
        )

    def said(self) -> str:
        """The end of what the programs said."""
        return (self._folder / "log").read_text(errors="replace")[-3000:]

    def _program(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ,
            "DOCCHU_ENV_FILE": "",
            "DOCCHU_DATA_DIR": str(self._settings.data_dir),
            "DOCCHU_DEVICE": self._settings.device,
            "DOCCHU_DEVICE_PROCESSES": str(self._num_processes),
            "DOCCHU_LOG_LEVEL": "warning",
            "BENCH_ANSWERS": str(self._answers),
            "BENCH_COUNTS": str(self._folder / "counts"),
        }
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        self._open.callback(_end, process)
        return process

    def _count_of(self, pid: int) -> Counts:
        if pid not in self._counts:
            self._counts[pid] = Counts(self._folder / "counts" / str(pid))
        return self._counts[pid]

    def _num_waiting(self) -> int:
        return int(self._client.hget(keys.BACKLOG, DEFAULT_TENANT) or 0)

    def _num_read(self) -> int:
        return self._num_given - self._num_waiting()

    def _give(self) -> None:
        """Keep pages waiting, so that no worker ever looks for work in vain."""
        blobs = open_blobs(self._settings)
        jobs = JobStore(connect(self._settings.store_url), Limits.of(self._settings))
        documents = cycle(
            (data, Document(media_type=sniff(data[:HEAD_BYTES]), size=len(data), sha256="00"))
            for data in [path.read_bytes() for path in self._paths]
        )
        most = _KEPT * self._num_processes
        while not self._closing.wait(0.05):
            for _ in range(most - self._num_waiting()):
                data, document = next(documents)
                new = NewJob(new_id("job"), DEFAULT_TENANT, document, Options(), *[_DAY_S] * 3)
                blobs.put_passing(DEFAULT_TENANT, new.id, INPUT, data)
                self._num_given += 1
                jobs.add(new)

    def _wait_until(self, holds: Any, what: str) -> None:
        deadline = time.monotonic() + _START_S
        while not holds():
            if time.monotonic() > deadline:
                raise SystemExit(f"bench: {what}: {self.said()}")
            time.sleep(0.05)


def _media_type(path: Path) -> str:
    kind = sniff(path.read_bytes()[:HEAD_BYTES])
    assert kind is not None, path
    return kind


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


def _cpu_s(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _cpu_s_of_ended(process: psutil.Process) -> float:
    """Of its children that have ended."""
    times = process.cpu_times()
    return float(times.children_user + times.children_system)
