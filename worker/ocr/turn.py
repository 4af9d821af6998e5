"""Few pages of a process at a time are the host's, most often one; others wait for the device.

Threads that call into OpenCV and torch hand the interpreter lock over at each call. Eight pages
that are worked on side by side are woken more than a thousand times each, which costs a host of two
cores a quarter more of its time, and one of sixteen much more. On a processor the device's threads
make what the networks see by many such calls, so they take turns with the pages.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE_S = 0.25
"""Then a page goes on beside the one that takes so long."""
DEVICE_PATIENCE_S = 0.02
"""The same for a thread of the device, for which several pages wait."""


class Host:
    """The host as the pages of a process share it: `num_turns` are worked on at once."""

    def __init__(self, num_turns: int = 1) -> None:
        """Nobody's turn yet."""
        self._free = threading.Semaphore(num_turns)

    def turn(self, patience_s: float | None = None) -> Turn:
        """A turn for one page, not begun yet."""
        return Turn(self._free, _PATIENCE_S if patience_s is None else patience_s)


class Turn:
    """A page's turn: entered while the page is worked on, by one thread."""

    def __init__(self, free: threading.Semaphore, patience_s: float) -> None:
        self._free, self._patience_s = free, patience_s
        self._is_entered = self._has_it = False

    def __enter__(self) -> Turn:
        self._is_entered = True
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_entered = False
        self._give()

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the page waits for the device it is somebody else's turn."""
        self._give()
        try:
            yield
        finally:
            if self._is_entered:
                self._take()

    def _take(self) -> None:
        self._has_it = self._free.acquire(timeout=self._patience_s)

    def _give(self) -> None:
        if self._has_it:
            self._has_it = False
            self._free.release()
