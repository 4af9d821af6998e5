"""Uploads that are open, so that a turn goes on where the last one stopped."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from keeper.unpacking.items import Item, Source

_MAX_OPEN = 16  # uploads
_IDLE_S = 30.0  # then another keeper has the upload: while it is open, what it holds is on the disk


@dataclass
class Opened:
    """An upload that is open, and where its reading stands."""

    source: Source
    rest: Iterator[Item]
    position: int
    kept_at: float = 0.0


@dataclass
class OpenUploads:
    """Those that wait for their next turn, of all threads; the oldest are closed first."""

    clock: Callable[[], float] = time.monotonic
    _waiting: dict[str, Opened] = field(default_factory=dict)  # the oldest first
    _missed: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, upload_id: str, position: int) -> Opened | None:
        """The upload, if its last turn was ours: it is no longer kept then."""
        with self._lock:
            opened = self._waiting.pop(upload_id, None)
        if opened is None or opened.position == position:
            return opened
        opened.source.close()
        return None

    def keep(self, upload_id: str, opened: Opened) -> None:
        """Keep an upload open until its next turn."""
        opened.kept_at = self.clock()
        with self._lock:
            dropped = [self._waiting.pop(upload_id)] if upload_id in self._waiting else []
            self._waiting[upload_id] = opened
            dropped += [self._waiting.pop(one) for one in list(self._waiting)[:-_MAX_OPEN]]
        _close(dropped)

    def close_idle(self) -> None:
        """Close those whose next turn did not come: they were finished elsewhere."""
        before = self.clock() - _IDLE_S
        with self._lock:
            idle = [one for one, opened in self._waiting.items() if opened.kept_at < before]
            dropped = [self._waiting.pop(one) for one in idle]
        _close(dropped)

    def miss(self, upload_id: str) -> int:
        """Note that an upload's bytes were not there; how often that was so."""
        with self._lock:
            self._missed[upload_id] += 1
            return self._missed[upload_id]

    def forget(self, upload_id: str) -> None:
        """Close an upload that is done with, if it is kept."""
        with self._lock:
            self._missed.pop(upload_id, None)
            dropped = [self._waiting.pop(upload_id)] if upload_id in self._waiting else []
        _close(dropped)


def _close(dropped: list[Opened]) -> None:
    for opened in dropped:
        opened.source.close()
