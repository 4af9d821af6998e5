"""Ends a worker that is stuck or has grown too large; its supervisor starts it again.

Liveness is progress: a Celery worker on Redis can stay alive and stop consuming after a reconnect,
and `inspect ping` uses another connection, so it does not notice.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from shared.errors import Unavailable
from shared.settings import Settings

_log = structlog.get_logger()
_CHECK_S = 5  # or a quarter of the patience for a page, if that is less
STUCK_EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h


@dataclass(frozen=True)
class Health:
    """What the watchdog looks at. Times are seconds of `time.monotonic`.

    `rang_at`: a message last came in; `num_reading`: slices being read or about to be;
    `oldest_progress_at`: the page of the slice that has waited longest for its next one;
    `waiting_since`: work has waited at every look from then on.
    """

    rang_at: float
    num_reading: int
    oldest_progress_at: float | None
    num_ready: int
    rss_bytes: int
    waiting_since: float | None = None


@dataclass(frozen=True)
class Thresholds:
    """Seconds to wait for a message while work waits, seconds for a page, bytes of memory."""

    deaf_s: float
    stall_s: float
    max_rss_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Thresholds:
        """Those that are set."""
        return cls(settings.deaf_s, settings.stall_s, settings.worker_max_rss_bytes)


def verdict(health: Health, thresholds: Thresholds, now: float) -> str | None:
    """Why the worker must go: `deaf`, `stalled` or `grown`; None if it is well."""
    oldest = health.oldest_progress_at
    if oldest is not None and now - oldest > thresholds.stall_s:
        return "stalled"
    # Not from the last message alone: where nothing waited for long, none was to be heard.
    waiting_since = now if health.waiting_since is None else health.waiting_since
    unheard_since = max(health.rang_at, waiting_since)
    if health.num_reading == 0 and now - unheard_since > thresholds.deaf_s:
        return "deaf"
    if health.rss_bytes > thresholds.max_rss_bytes:
        return "grown"
    return None


def next_waiting_since(before: float | None, num_ready: int, now: float) -> float | None:
    """Since when work has waited, after another look at it."""
    if num_ready == 0:
        return None
    return now if before is None else before


class Watchdog:
    """Asks for the verdict every few seconds."""

    def __init__(self, look: Callable[[], Health], thresholds: Thresholds) -> None:
        self._look = look
        self._thresholds = thresholds
        self._check_s = min(_CHECK_S, thresholds.stall_s / 4)
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _run(self) -> None:
        waiting_since: float | None = None
        while not self._closed.wait(self._check_s):
            try:
                health = self._look()
            except Unavailable:
                continue  # without the store there is nothing to be claimed
            now = time.monotonic()
            waiting_since = next_waiting_since(waiting_since, health.num_ready, now)
            found = verdict(replace(health, waiting_since=waiting_since), self._thresholds, now)
            if found == "grown":
                _log.warning("worker has grown too large; it drains and is started anew")
                os.kill(os.getpid(), signal.SIGTERM)
                return
            if found:
                _log.error("worker is stuck; it ends and is started anew", verdict=found)
                os._exit(STUCK_EXIT_CODE)
