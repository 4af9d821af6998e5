"""Waits on behalf of requests: not too many at once, none past the process's end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from shared.batches import Batch
from shared.jobs import Job

_T = TypeVar("_T", Job, Batch, covariant=True)
_LOOK_UP_S = 5.0  # how often a waiter looks whether its process is stopping


class _Waitable(Protocol[_T]):
    def wait(self, tenant: str, one_id: str, timeout_s: float, /) -> _T: ...


class Waiters:
    """The requests of this process that wait: each holds a thread, and some must stay free."""

    def __init__(self, limit: int) -> None:
        self._places = threading.BoundedSemaphore(limit)
        self.stopping: Callable[[], bool] = lambda: False

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Take a place if there is one, and say whether there was."""
        taken = self._places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._places.release()

    def wait(self, store: _Waitable[_T], tenant: str, one_id: str, timeout_s: float) -> _T:
        """Read a job or batch once it has ended or time is up; the caller holds a place."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = 0.0 if self.stopping() else max(0.0, deadline - time.monotonic())
            one = store.wait(tenant, one_id, min(left, _LOOK_UP_S))
            if one.status.terminal or left <= _LOOK_UP_S:
                return one
