"""Waiting for a job or a batch: long polls, and pauses where the service does not hold them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from docchu.errors import WaitTimedOut
from docchu.http.retries import retry_after_s
from docchu.http.steps import Call, Pause, Steps
from docchu.http.wire import Wire, understand
from docchu.jobs import Json

# The service takes up to 60 s; a proxy on the way often cuts at 60 s, so stay well below.
_LONG_POLL_S = 30
# Somebody watches the progress, which a long poll does not tell before its end.
_WATCHED_POLL_S = 1


class Ending(Protocol):
    """A job or a batch."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def finished(self) -> bool: ...


E = TypeVar("E", bound=Ending)


def wait(
    wire: Wire,
    known: E,
    path: str,
    read: Callable[[Json], E],
    timeout_s: float | None,
    on_progress: Callable[[E], object] | None,
) -> Steps[E]:
    """Ask until it has ended. Raises WaitTimedOut after `timeout_s`."""
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    longest_s = _WATCHED_POLL_S if on_progress else _LONG_POLL_S
    while not known.finished:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise WaitTimedOut(f"{known.id} is still {known.status} after {timeout_s} s.")
        asked_s = longest_s if left_s > longest_s else math.ceil(left_s)
        call = Call("GET", path, params={"wait": str(asked_s)}, wait_s=asked_s)
        start = time.monotonic()
        answer = yield from wire.send(call, patience_s=left_s)
        known = understand(answer, read)
        if on_progress:
            on_progress(known)
        # A service whose threads are all taken by long polls answers at once.
        if not known.finished and time.monotonic() - start < asked_s / 2:
            after_s = retry_after_s(answer.headers.get("Retry-After"))
            yield Pause(min(after_s if after_s is not None else 1, left_s))
    return known
