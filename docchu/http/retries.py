"""How long a request is tried again: growing pauses, the service's Retry-After, and an end."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime

from docchu.errors import DocchuError

Sleep = Callable[[float], None]

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0


class Tries:
    """The tries of one request, which may spend a number of seconds on the pauses between them.

    Pauses count and not the clock: a large upload that broke once is to be tried again, however
    long it took.
    """

    def __init__(self) -> None:
        self._paused_s = 0.0
        self._next_s = _FIRST_PAUSE_S

    def next_pause_s(self, error: DocchuError, patience_s: float) -> float | None:
        """Seconds to pause before the next try; None where there is none: patience is over."""
        # Between half and all of it, so that clients cut off together do not come back together.
        pause_s = max(self._next_s * random.uniform(0.5, 1), error.retry_after_s or 0)
        if not error.transient or self._paused_s + pause_s > patience_s:
            return None
        self._paused_s += pause_s
        self._next_s = min(2 * self._next_s, _LONGEST_PAUSE_S)
        return pause_s


def retry_after_s(header: str | None) -> float | None:
    """Read a Retry-After header, seconds or a date (RFC 9110, 10.2.3), as seconds from now."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):  # among them every year after 9999
        return None
    return max((moment - datetime.now(moment.tzinfo)).total_seconds(), 0.0)
