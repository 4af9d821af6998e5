"""Tells a store that was away from workers that are: after an outage leases are given their time.

While the store is away no worker can renew a lease. Taken back right after it, its slices would
count as deaths of workers that did nothing wrong, and three outages would condemn innocent pages.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Outages:
    """Whether expired leases may be believed. Times are seconds of `time.monotonic`."""

    def __init__(self, lease_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._lease_s = lease_s
        self._now = now
        self._answered_at = math.inf
        self._patient_until = -math.inf

    def over(self) -> bool:
        """Note that the store answers; whether it has done so for as long as a lease lasts."""
        now = self._now()
        silent_s = now - self._answered_at
        self._answered_at = now
        # Granted only now and then, or a keeper whose rounds are slow would never recover anything.
        if silent_s > self._lease_s / 2 and now > self._patient_until + self._lease_s:
            self._patient_until = now + self._lease_s
        return now >= self._patient_until
