"""Waits on behalf of requests: not too many at once, none past the process's end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from api.http.grants import Grant
from shared.batches import Batch
from shared.jobs import Job
from shared.store.changes import Changes

_T = TypeVar("_T", Job, Batch, covariant=True)
_LOOK_S = 20.0
"""How often a waiter looks for itself: an upper bound for news that got lost."""
_SOON_S = 1.0  # the first time, where the store does not even say that it will tell


class _Store(Protocol[_T]):
    def get(self, tenant: str, one_id: str, /) -> _T: ...


class Waiters:
    """The requests of this process that wait. None of them holds a connection to the store."""

    def __init__(self, limit: int, changes: Changes) -> None:
        self._places = threading.BoundedSemaphore(limit)
        self._changes = changes
        self.stopped = False

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Take a place if there is one, and say whether there was."""
        taken = self._places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._places.release()

    def stop(self) -> None:
        """Let everybody go who waits, now and later: the process ends."""
        self.stopped = True
        self._changes.ring_all()

    def wake(self) -> None:
        """Let everybody look who waits, and wait on."""
        self._changes.ring_all()

    def wait(self, store: _Store[_T], grant: Grant, one_id: str, timeout_s: float) -> _T:
        """Read a job or batch once it has ended or time is up; the caller holds a place.

        Raises what reading does, and Unauthorized once the key that it waits by is revoked.
        """
        one = store.get(grant.tenant, one_id)
        if one.status.terminal:
            return one
        for _ in self.changes(grant, one_id, timeout_s, ends_only=True):
            one = store.get(grant.tenant, one_id)
            if one.status.terminal:
                break
        return one

    def changes(
        self,
        grant: Grant,
        one_id: str,
        timeout_s: float,
        *,
        every_s: float = _LOOK_S,
        ends_only: bool = False,
    ) -> Iterator[None]:
        """Come by whenever a job or batch may have changed, and every so often, until time is over.

        `ends_only`: neither a job's begin nor its pages count. Raises Unauthorized as `wait` does.
        """
        deadline = time.monotonic() + timeout_s
        with self._changes.watch(one_id, ends_only=ends_only) as watch:
            longest_s = _SOON_S
            while not self.stopped:
                left_s = deadline - time.monotonic()
                watch.wait(max(0, min(left_s, longest_s)))
                longest_s = every_s
                grant.check()
                yield
                if left_s <= 0:
                    return
