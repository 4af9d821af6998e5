"""The folders in a watched folder, and moving files there; a name that is taken gets a number."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath

HIDDEN = ".docchu"
DONE, FAILED, DUPLICATE = "done", "failed", "duplicate"
REASON = ".reason.txt"


class Places:
    """The folders that a watched folder's documents go to."""

    def __init__(self, folder: Path, out: Path | None) -> None:
        self.folder = folder
        self.out = out or folder / DONE
        self.hidden = folder / HIDDEN
        self.scratch = self.hidden / "scratch"
        self._lock = threading.Lock()

    @property
    def left_out(self) -> list[Path]:
        """The folders below the watched one that hold nothing to be read."""
        return [self.out, *(self.folder / name for name in (DONE, FAILED, DUPLICATE))]

    def path(self, place: str, name: str) -> Path:
        """Where a document of this name stands."""
        return self.folder / place / name

    def set_aside(self, place: str, name: str, reason: str) -> str:
        """Move a document away, with a note that says why, and give its name there. Raises
        OSError."""
        with self._lock:
            free = numbered(name, lambda one: not self.path(place, one).exists())
            target = self.path(place, free)
            target.parent.mkdir(parents=True, exist_ok=True)
            # The note first: a document without one would have to be guessed at.
            self.path(place, free + REASON).write_text(reason + "\n", encoding="utf-8")
            os.rename(self.folder / name, target)
        return free


def numbered(name: str, is_free: Callable[[str], bool]) -> str:
    """The name, or the first of `a-2.png`, `a-3.png` and so on, that is free."""
    path = PurePosixPath(name)
    number, candidate = 1, name
    while not is_free(candidate):
        number += 1
        candidate = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    return candidate
