"""Reads suspect slices in a process of its own: what ended a worker before stands in nobody's way.

`python -m worker.suspects` reads those that wait, one after the other, and ends. A worker starts it
when it hears of one. It has a model of its own, some 0.6 GB while there are any.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from shared.log import set_up_logging
from shared.settings import Settings, load_settings

if TYPE_CHECKING:
    from worker.runtime import Runtime

MODULE = ("worker.suspects",)
_REST_S = 2  # after a process that failed, be it at its start
_STOP_S = 10  # for a process that is told to end; it hands its slice back within seconds
_NICENESS = 10
_log = structlog.get_logger()


class SuspectReading:
    """The process from the worker's side: started when it is wanted, never more than one."""

    def __init__(self, module: Sequence[str]) -> None:
        """`module` is what follows `python -m`."""
        self._module = module
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._run, name="suspects", daemon=True).start()

    def wake(self) -> None:
        """Say that a suspect slice waits."""
        self._wanted.set()

    @property
    def process_id(self) -> int | None:
        """The id of the process while one runs."""
        process = self._process
        return None if process is None else process.pid

    def hand_back(self) -> None:
        """Let the process end by itself, as soon as it has handed back what it reads."""
        if (process := self._process) is not None and process.stdin:
            process.stdin.close()

    def close(self) -> None:
        """End the process; it hands back what it reads."""
        self._closing.set()
        self._wanted.set()
        if (process := self._process) is not None:
            _end(process)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closing.is_set():
                return
            try:
                status = self._read_all()
            except OSError as error:
                status, reason = -1, str(error)
            else:
                reason = f"status {status}"
            if status and not self._closing.wait(_REST_S):
                _log.warning("the process that reads suspect slices ended", reason=reason)

    def _read_all(self) -> int:
        # With a standard input that ends when this worker does, in whatever way. In a process group
        # of its own it does not get the Ctrl-C that tells the worker to finish what it has begun.
        with subprocess.Popen(
            [sys.executable, "-m", *self._module], stdin=subprocess.PIPE, process_group=0
        ) as process:
            self._process = process
            if self._closing.is_set():
                _end(process)
            status = process.wait()
            self._process = None
        return status


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()


def main(start: Callable[[Settings], Runtime]) -> None:
    """Read all suspect slices that wait; `start` makes the runtime."""
    settings = load_settings().model_copy(update={"worker_slices": 1, "loader_processes": 1})
    set_up_logging(settings)
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # where memory is short, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")
    runtime = start(settings)
    signal.signal(signal.SIGTERM, lambda *_: runtime.stop())
    threading.Thread(target=_stop_with_worker, args=(runtime,), daemon=True).start()
    try:
        while runtime.take_next():
            pass
    finally:
        runtime.close()


def _stop_with_worker(runtime: Runtime) -> None:
    while os.read(0, 1):
        pass
    runtime.stop()


if __name__ == "__main__":
    from worker.runtime import Runtime

    main(Runtime.for_suspects)
