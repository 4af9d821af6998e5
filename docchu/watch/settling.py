"""Tells when a file is whole: it has not changed for a while and nobody has it open to write."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from docchu.files.walking import Found

Signature = tuple[int, int]
"""Size and time of a file: what changes when somebody writes to it."""

# How browsers, mail programs and file servers name what is not whole yet.
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart")
_NOT_FOR_US = frozenset({"thumbs.db", "desktop.ini"})


def has_writer(path: str) -> bool:
    """Whether a process of this machine has a file open to write, as far as can be known.

    Linux grants a read lease only on a file that nobody writes to (fcntl(2), F_SETLEASE); where
    there are no leases (other systems, most network file systems) the answer is no.
    """
    try:
        import fcntl

        lease, read, unlock = fcntl.F_SETLEASE, fcntl.F_RDLCK, fcntl.F_UNLCK
    except (ImportError, AttributeError):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, lease, read)
        fcntl.fcntl(descriptor, lease, unlock)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def ignore_breaks() -> None:
    """Let the process live when somebody opens a file to write in the moment of `has_writer`: the
    system tells it with SIGIO, which ends those that do not expect it. For the main thread."""
    if hasattr(signal, "SIGIO"):
        signal.signal(signal.SIGIO, signal.SIG_IGN)


class Settling:
    """The files of a folder and since when each is as it is."""

    def __init__(self, settle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_s = settle_s
        self._clock = clock
        self._seen: dict[str, tuple[Signature, float]] = {}

    def look(self, files: Iterable[Found]) -> list[Found]:
        """Give the files that have settled; whatever is not among `files` is forgotten."""
        now = self._clock()
        seen: dict[str, tuple[Signature, float]] = {}
        settled = []
        for file in files:
            if not _is_for_us(file.name):
                continue
            signature = (file.size, file.mtime_ns)
            before, since = self._seen.get(file.name, (None, now))
            if before != signature or has_writer(file.path):
                since = now
            seen[file.name] = (signature, since)
            if now - since >= self._settle_s:
                settled.append(file)
        self._seen = seen
        return settled


def _is_for_us(name: str) -> bool:
    last = Path(name).name.lower()
    return not (last.endswith(_UNFINISHED) or last.startswith("~$") or last in _NOT_FOR_US)
