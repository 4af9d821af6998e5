"""Erases what is past its time, and blobs that belong to nobody.

In pieces: the store is asked and told of many jobs in one round trip, their files are erased by
several threads. Every step may be done twice, and by several keepers beside each other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import structlog

from keeper import metrics
from keeper.steps import do
from shared.blobs import INPUT, PASSWORD, BlobStore
from shared.errors import Unavailable
from shared.running.failpoints import reach
from shared.store import keys
from shared.store.aside import Aside
from shared.store.jobs.upkeep import Due, Upkeep
from shared.store.workers import Workers

_PIECE = 500  # jobs
_THREADS = 4  # that erase files
_log = structlog.get_logger()


@dataclass
class Retention:
    """One round after the other; as long as there is more to do, without a pause."""

    upkeep: Upkeep
    blobs: BlobStore
    workers: Workers
    aside: Aside
    sweep_interval_s: float  # from the beginning of one look for orphaned blobs to the next
    max_finished: int  # jobs of one tenant that have ended, and tombstones
    orphan_age_s: float  # older than any upload that is still coming in
    clock: Callable[[], float] = time.monotonic
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS))
    _sweep: Iterator[tuple[str, str]] | None = None
    _swept_at: float | None = None
    _num_bytes: int = 0

    def run(self, stopped: threading.Event, interval_s: float) -> None:
        """Go on until stopped."""
        while not stopped.is_set():
            stopped.wait(0 if self.round() else interval_s)

    def round(self) -> bool:
        """Do a piece of everything; whether there is more to do at once."""
        self.blobs.tidy()
        return any(
            [do(step) for step in (self.crowd_out, self.expire, self.erase_left, self.sweep)]
        )

    def crowd_out(self) -> bool:
        """Erase the oldest ended jobs beyond what is kept of a tenant."""
        due = self.upkeep.crowded_out(self.max_finished, _PIECE)
        self._expire_results(due)
        self.upkeep.let_go(due)
        return len(due) >= _PIECE

    def expire(self) -> bool:
        """Erase of jobs what is past its time."""
        due = self.upkeep.due(_PIECE)
        inputs, results = [], []
        for one, outcome in zip(due, self.upkeep.expire(due), strict=True):
            if isinstance(outcome, Exception):
                self.aside.put(keys.RETENTION, one.job_id, outcome)
            elif outcome == "input":
                inputs.append(one)
            elif outcome == "result":
                results.append(one)
        self._expire_inputs(inputs)
        self._expire_results(results)
        return len(due) == _PIECE

    def _expire_inputs(self, due: Sequence[Due]) -> None:
        erased = self._erase(keys.RETENTION, due, self._delete_input)
        if erased:
            reach("keeper.input_erased")
            self.upkeep.expire(erased, input_erased=True)

    def _delete_input(self, one: Due) -> None:
        for name in (PASSWORD, INPUT):
            self.blobs.delete(one.tenant, one.job_id, name)

    def _expire_results(self, due: Sequence[Due]) -> None:
        if not due:
            return
        gone = []
        for one, outcome in zip(due, self.upkeep.erase([d.job_id for d in due]), strict=True):
            if isinstance(outcome, Exception):
                self.aside.put(keys.RETENTION, one.job_id, outcome)
            else:
                gone.append(one)
        reach("keeper.erased")
        self._erase(keys.RETENTION, gone, self._erase_job)

    def erase_left(self) -> bool:
        """Erase what a job that was erased has left: who erased it was cut off, or wrote late."""
        due = self.upkeep.erased(_PIECE)
        erased = self._erase(keys.ERASED, due, self._erase_job)
        self.upkeep.cleaned([one.job_id for one in erased])
        return len(erased) == _PIECE

    def sweep(self) -> bool:
        """Erase blobs that belong to no job: its creation, or its erasure, was cut off.

        Goes through all folders, a piece at a time, and begins again after a pause, never before
        it has come to the end.
        """
        if self._sweep is None:
            if self._swept_at is not None and self.clock() < self._swept_at + self.sweep_interval_s:
                return False
            began = self.clock()
            self.workers.forget_dead()
            self.blobs.delete_old_uploads(self.orphan_age_s)
            self._sweep = self.blobs.old_jobs(self.orphan_age_s, self._count)
            self._swept_at, self._num_bytes = began, 0
        try:
            piece = [Due(tenant, job_id) for tenant, job_id in islice(self._sweep, _PIECE)]
        except Unavailable:
            self._sweep = self._swept_at = None  # what ended in the middle begins anew
            raise
        gone = self.upkeep.gone([one.job_id for one in piece])
        lost = [one for one, is_gone in zip(piece, gone, strict=True) if is_gone]
        for one in lost:
            _log.warning("orphaned blobs are erased", job=one.job_id)
        self._erase(keys.ERASED, lost, self._erase_job)
        if len(piece) < _PIECE:
            self._sweep = None
            metrics.BLOB_BYTES.set(self._num_bytes)
        return self._sweep is not None

    def _count(self, num_bytes: int) -> None:
        self._num_bytes += num_bytes

    def _erase_job(self, due: Due) -> None:
        if not self.blobs.delete_job(due.tenant, due.job_id):
            raise Unavailable("The blobs of an erased job cannot be erased right now.")

    def _erase(self, index: str, due: Sequence[Due], deed: Callable[[Due], None]) -> list[Due]:
        """Do something to the files of each: those of which it was done. Raises Unavailable."""
        erased, fault = [], None
        for one, done in [(one, self._threads.submit(deed, one)) for one in due]:
            try:
                done.result()
                erased.append(one)
            except Unavailable as error:
                fault = error
            except Exception as error:
                self.aside.put(index, one.job_id, error)
        if fault and not erased:
            raise fault
        return erased
