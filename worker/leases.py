"""Keeps the leases of the slices that this worker reads, and knows when they are no longer ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

import structlog

from shared.errors import ServiceError, Unavailable
from shared.store.jobs.slices import Claim, SliceQueue, Standing

_LOOK_S = 1.0  # at most, until a worker learns that nobody wants a slice any more
_log = structlog.get_logger()


class Unwanted(Exception):
    """Nobody wants what is being read any more: it was canceled, erased, or went to another."""


class Lease:
    """The standing of one claimed slice, as the store last told it.

    `finished`: its last page was recorded, and the slice is done with it.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.standing: Standing | Literal["finished"] = "held"
        self.progress_at = time.monotonic()
        self.since = datetime.now(UTC)
        self.trace: str | None = None  # of the step that reads it

    @property
    def is_bulk(self) -> bool:
        """Whether its pages may wait for those of others."""
        return self.claim.options.priority == "bulk"

    def progress(self) -> None:
        """Note that a step of the reading is done."""
        self.progress_at = time.monotonic()

    def check(self) -> None:
        """Raise Unwanted once there is no use in reading on."""
        if self.standing in ("canceled", "lost"):
            raise Unwanted


class LeaseKeeper:
    """Renews all held leases from one thread, three times in the life of a lease or more often.

    What is canceled or erased is learned by that.
    """

    def __init__(self, slices: SliceQueue, lease_s: float) -> None:
        self._slices = slices
        self._interval_s = min(_LOOK_S, lease_s / 3)
        self._held: dict[int, Lease] = {}
        self._owed: list[Lease] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[Lease]:
        """Keep the lease while the slice is being read.

        Where that fails for a fault of the service, the slice is requeued as soon as the store
        takes it: it must not count as the crash of a worker.
        """
        lease = Lease(claim)
        with self._lock:
            self._held[id(lease)] = lease
        try:
            yield lease
        except ServiceError:
            with self._lock:
                self._owed.append(lease)
            self._requeue_owed()
            raise
        finally:
            with self._lock:
                del self._held[id(lease)]

    @property
    def held(self) -> list[Lease]:
        """The leases of the slices that are being read."""
        with self._lock:
            return list(self._held.values())

    def release_all(self) -> None:
        """Hand every slice back at once; whatever its readers still write is refused."""
        for lease in self.held:
            if lease.standing == "finished":
                continue
            lease.standing = "lost"
            try:
                self._slices.release(lease.claim)
            except Unavailable:
                _log.warning("slice could not be requeued; its lease runs out", **names(lease))

    def close(self) -> None:
        """Stop renewing."""
        self._closed.set()
        self._thread.join()

    def _requeue_owed(self) -> None:
        with self._lock:
            owed, self._owed = self._owed, []
        for lease in owed:
            try:
                self._slices.release(lease.claim)
            except Unavailable:
                _log.warning("slice could not be requeued; trying again", **names(lease))
                with self._lock:
                    self._owed.append(lease)

    def _run(self) -> None:
        while not self._closed.wait(self._interval_s):
            self._requeue_owed()
            for lease in self.held:
                try:
                    standing = self._slices.renew(lease.claim)
                except Unavailable:
                    _log.warning("lease could not be renewed; trying again", **names(lease))
                    continue
                if lease.standing == "held":
                    lease.standing = standing


def names(lease: Lease) -> dict[str, object]:
    """What a log line says of a slice, and for how many seconds it has been held."""
    held_s = (datetime.now(UTC) - lease.since).total_seconds()
    return lease.claim.names | {"seconds": round(held_s, 3)}
