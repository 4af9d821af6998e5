"""The README's table of faults: what follows from each, and how often it was tried."""

from __future__ import annotations

from collections.abc import Mapping

_ROWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "a worker is killed (SIGKILL), anywhere or at one of seven named points",
        "its slices run again elsewhere; pages that were recorded are not read again",
        ("worker SIGKILL", "kill at worker."),
    ),
    (
        "a worker is stopped for longer than its lease and wakes up",
        "another reads its slices; what it still writes is refused",
        ("worker SIGSTOP", "stop at worker."),
    ),
    (
        "a worker is told to go (SIGTERM)",
        "it hands unfinished slices back at once; no page is lost",
        ("worker SIGTERM",),
    ),
    (
        "a page ends its worker each time",
        "after three crashes its slice is read page by page, in a process apart; the page is "
        "named `poison_page`, the others are read",
        ("page: kill",),
    ),
    (
        "a page hangs",
        "the worker's watchdog ends the worker; then as above",
        ("page: hang",),
    ),
    (
        "the model fails on a page",
        "the page is named `read_failed`, the others are read",
        ("page: error",),
    ),
    (
        "the store is killed or restarted",
        "what got a 202 is there (`appendfsync always`); workers go on where they were",
        ("store SIGKILL", "store SIGTERM"),
    ),
    (
        "the store stands still, for longer than a lease, too",
        "leases are given their time again; it counts as nobody's crash",
        ("store SIGSTOP", "CLIENT PAUSE"),
    ),
    (
        "behind Sentinel the primary is killed, stands still, or another one is made the primary",
        "503 for some seconds; what got a 202 is there (`replicas=1`), a former primary tells "
        "nobody of what it alone has",
        ("primary ", "SENTINEL FAILOVER"),
    ),
    (
        "its replica is killed, stopped or cut off; a sentinel is killed or stopped",
        "without its replica the primary takes no work (503); another sentinel is asked",
        ("replica ", "sentinel "),
    ),
    (
        "connections to the store are cut; answers are lost after their command was carried out",
        "each command may come twice and has its effect once",
        ("CLIENT KILL", "answers lost"),
    ),
    (
        "the disk is full, or away",
        "503, nothing half-accepted; slices are requeued and read when it is there again",
        ("disk full", "disk away"),
    ),
    (
        "an object store is killed, fails, stands still, cuts connections, or its answers are lost",
        "as a disk that is away",
        ("objects ",),
    ),
    (
        "a second service is started on the data folder",
        "it does not start; a lock on the folder says who has it",
        ("second service",),
    ),
    (
        "a worker or keeper has another data folder",
        "it does not start: the job store knows its blob store",
        ("other documents",),
    ),
    (
        "workers with different models are in one fleet",
        "each gets the slices that it can read, and no other",
        ("other model",),
    ),
    (
        "damaged records lie in front of the others",
        "each is set aside; the others go on",
        ("damaged records",),
    ),
    (
        "the store is busy for seconds with what somebody else asked of it",
        "503 meanwhile; it counts as nobody's crash",
        ("store busy",),
    ),
    (
        "a keeper is killed between any two of its steps, or stopped",
        "another one, or the next one, goes on; every step may be done twice",
        ("kill at keeper.", "keeper SIGSTOP"),
    ),
    (
        "a keeper is killed or stopped while it fetches a document",
        "another one fetches it after its lease; a document that was stored once is never another",
        ("kill at fetching.", "stop at fetching."),
    ),
    (
        "the server of a document is slow, says nothing, or breaks off",
        "its job waits for it, nobody else does; it fails as `fetch_failed`",
        ("url: slow", "url: silent", "url: cut"),
    ),
    (
        "the API is killed between storing and answering",
        "the job runs though nobody got its 202; with an `Idempotency-Key` a repetition finds it",
        ("API SIGKILL", "kill at api."),
    ),
    (
        "messages of the broker are lost or come twice",
        "the keeper writes others; there is nothing to claim",
        ("messages lost", "messages twice"),
    ),
    (
        "a job has less time than it needs, is canceled, or is erased while it is read",
        "it ends as asked, once; what was erased leaves no bytes",
        ("job with too little time", "job: "),
    ),
)


def table(faults: Mapping[str, int]) -> str:
    """The rows in Markdown."""
    lines = []
    for fault, outcome, kinds in _ROWS:
        times = sum(count for kind, count in faults.items() if kind.startswith(kinds))
        lines.append(f"| {fault} | {outcome} | {times} |")
    return "\n".join(lines)
