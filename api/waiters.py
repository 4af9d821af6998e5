"""Waits for jobs on behalf of requests: not too many at once, none past the process's end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.jobs import Job
from shared.store.jobs import JobStore

_LOOK_UP_S = 5.0  # how often a waiter looks whether its process is stopping


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

    def wait(self, jobs: JobStore, tenant: str, job_id: str, timeout_s: float) -> Job:
        """Read a job once it has ended or time is up; the caller holds a place."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = 0.0 if self.stopping() else max(0.0, deadline - time.monotonic())
            job = jobs.wait(tenant, job_id, min(left, _LOOK_UP_S))
            if job.status.terminal or left <= _LOOK_UP_S:
                return job
