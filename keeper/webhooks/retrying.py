"""What follows from an attempt to deliver: done, when to try again, or given up.

After Standard Webhooks 1.0: only 2xx succeeds, 410 means never again, 429 and 503 may say when.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from keeper.webhooks.posting import Answer
from shared.store.webhooks.sending import Verdict

_MAX_RETRY_AFTER_S = 24 * 3600
_MAY_SAY_WHEN = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True)
class Schedule:
    """Seconds before each attempt; up to `jitter` of them is added, so that not all come at once.

    `chance` gives numbers from 0 to 1.
    """

    delays_s: tuple[float, ...]
    jitter: float
    chance: Callable[[], float] = random.random

    def delay_s(self, tries: int) -> float | None:
        """Seconds before the next attempt after `tries` of them; None if there is none."""
        if tries >= len(self.delays_s):
            return None
        return self.delays_s[tries] * (1 + self.jitter * self.chance())

    def judge(self, answer: Answer, tries: int) -> Verdict:
        """Say what follows; `tries` attempts came before this one."""
        if answer.error is None:
            return Verdict("succeeded")
        if answer.status_code == HTTPStatus.GONE:
            return Verdict("failed", wants_no_more=True)
        delay_s = self.delay_s(tries + 1)
        if delay_s is None:
            return Verdict("failed")
        if answer.status_code in _MAY_SAY_WHEN:
            delay_s = max(delay_s, min(answer.retry_after_s, _MAX_RETRY_AFTER_S))
        return Verdict("pending", delay_s)
