"""Local copies of blobs that lie elsewhere, for who wants a path: few, and not for long.

Every process of a machine may use the same folder. Who reads a copy holds a shared lock on it, who
fetches or erases it an exclusive one; locks end with their process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from shared.running.disk import disk_faults

_MAX_BYTES = 4 << 30  # of all copies; one that is larger is there alone, and those in use stay
_IDLE_S = 60  # since it was last used: long documents are read by several slices
_BOOT = Path("/proc/sys/kernel/random/boot_id")  # a copy is not fsynced: a power cut may empty it


class Copies:
    """Copies of blobs in a folder, by what names a blob and its version."""

    def __init__(self, folder: Path, max_bytes: int = _MAX_BYTES, idle_s: float = _IDLE_S) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._idle_s = idle_s
        self._boot = _BOOT.read_text() if _BOOT.exists() else ""

    @contextmanager
    def held(self, version: str, size: int, fetch: Callable[[BinaryIO], None]) -> Iterator[Path]:
        """A copy that stays until the end; `fetch` writes its bytes, unless they are there."""
        path = self._folder / sha256(f"{self._boot}{version}".encode()).hexdigest()
        with disk_faults():
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._locked(path, size, fetch)
        try:
            yield path
        finally:
            with suppress(OSError):
                os.utime(path)
            file.close()

    def _locked(self, path: Path, size: int, fetch: Callable[[BinaryIO], None]) -> BinaryIO:
        while True:
            file = path.open("ab")
            try:
                fcntl.flock(file, fcntl.LOCK_SH)
                if _is(path, file) and file.tell() == size:
                    os.utime(path)
                    return file
                fcntl.flock(file, fcntl.LOCK_EX)  # others may have fetched or erased it meanwhile
                if _is(path, file) and os.fstat(file.fileno()).st_size != size:
                    self._make_room(size)
                    file.truncate(0)
                    fetch(file)
            except BaseException:
                file.close()
                raise
            file.close()

    def drop_idle(self) -> None:
        """Erase what nobody has used for a while."""
        before = time.time() - self._idle_s
        for changed, _, path in self._known():
            if changed < before:
                _drop(path)

    def _make_room(self, size: int) -> None:
        known = self._known()
        too_much = sum(used for _, used, _ in known) + size - self._max_bytes
        for _, freed, path in known:  # the one that was used first goes first
            if too_much <= 0:
                return
            if freed and _drop(path):
                too_much -= freed

    def _known(self) -> list[tuple[float, int, Path]]:
        """When each was last used, and how large it is; the oldest first."""
        known = []
        for path in self._folder.glob("*"):
            with suppress(OSError):  # erased this moment
                facts = path.stat()
                known.append((facts.st_mtime, facts.st_size, path))
        return sorted(known)


def _is(path: Path, file: BinaryIO) -> bool:
    """Whether the path still leads to the file."""
    with suppress(FileNotFoundError):
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    return False


def _drop(path: Path) -> bool:
    """Erase a copy that nobody uses; whether it was done."""
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    return False
