"""Waiting for a job: long polls, and pauses where the service does not hold the request."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from docchu.errors import WaitTimedOut
from docchu.http.retries import Sleep, retry_after_s
from docchu.http.transport import Call, Transport, job_path, understand
from docchu.jobs import Job

OnProgress = Callable[[Job], object]

# The service takes up to 60 s; a proxy on the way often cuts at 60 s, so stay well below.
_LONG_POLL_S = 30
# Somebody watches the progress, which a long poll does not tell before its end.
_WATCHED_POLL_S = 1


def wait(
    transport: Transport,
    job: Job,
    timeout_s: float | None,
    on_progress: OnProgress | None,
    sleep: Sleep,
) -> Job:
    """Ask until the job has ended. Raises WaitTimedOut after `timeout_s`."""
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    longest_s = _WATCHED_POLL_S if on_progress else _LONG_POLL_S
    while not job.finished:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise WaitTimedOut(f"{job.id} is still {job.status} after {timeout_s} s.")
        job = _poll(transport, job.id, left_s, longest_s, sleep)
        if on_progress:
            on_progress(job)
    return job


def _poll(transport: Transport, job_id: str, left_s: float, longest_s: int, sleep: Sleep) -> Job:
    asked_s = longest_s if left_s > longest_s else math.ceil(left_s)
    call = Call("GET", job_path(job_id), params={"wait": str(asked_s)}, wait_s=asked_s)
    start = time.monotonic()
    answer = transport.send(call, patience_s=left_s)
    job = understand(answer, Job.from_json)
    # A service whose threads are all taken by long polls answers at once.
    if not job.finished and time.monotonic() - start < asked_s / 2:
        after_s = retry_after_s(answer.headers.get("Retry-After"))
        sleep(min(after_s if after_s is not None else 1, left_s))
    return job
