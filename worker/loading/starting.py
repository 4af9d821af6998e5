"""Starts a child process: with a connection, a window, and nothing else of the worker's."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from worker.loading.limits import LoadLimits
from worker.loading.window import Window

_HEAP_BLOCK_BYTES, _HEAP_KEPT_BYTES = 32 * 1024**2, 64 * 1024**2
"""Of the heap of a child so much stays with it, of blocks up to the first size (glibc's largest):
to fault in the memory of each page anew costs as much as to decode it."""
_CHILD = "worker.loading.child"
_PROJECT = Path(__file__).resolve().parents[2]


def start_child(
    connection: socket.socket, limits: LoadLimits
) -> tuple[subprocess.Popen[bytes], memoryview | None]:
    """Start one that speaks on this connection; and the window that it fills, where there is one.

    Raises OSError.
    """
    window = Window.made()
    if window is None:
        return _started(connection, limits), None
    with contextlib.closing(window):
        return _started(connection, limits, window.file), window.view


def _started(connection: socket.socket, limits: LoadLimits, *files: int) -> subprocess.Popen[bytes]:
    # A new interpreter and no fork: the worker has threads and a device open. Its environment is
    # not passed on, for it holds the passwords of the stores. In a process group of its own the
    # child does not get the Ctrl-C that tells the worker to finish what it has begun; in a session
    # of its own Linux would give it as large a part of the processors as all of the worker.
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_PROJECT), os.getenv("PYTHONPATH")])),
        "PYTHONUTF8": "1",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(_HEAP_BLOCK_BYTES),
        "MALLOC_TRIM_THRESHOLD_": str(_HEAP_KEPT_BYTES),
        "OPENBLAS_NUM_THREADS": "1",
    }
    if "LD_LIBRARY_PATH" in os.environ:  # some interpreters do not start without theirs
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    told = json.dumps(dataclasses.asdict(limits))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _CHILD, told, *map(str, files)],
        pass_fds=files,
        stdin=connection.fileno(),
        stdout=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        process_group=0,
    )
