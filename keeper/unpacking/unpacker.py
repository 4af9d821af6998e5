"""Takes parcels in turn and makes their documents jobs, one by one, as fast as the queue allows.

May be killed anywhere and may run twice: a job's id follows from its parcel and its place in that,
so that each step can be done again, and only its position says from where.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from keeper.unpacking.items import Source
from keeper.unpacking.opened import Opened, OpenParcels
from keeper.unpacking.taking import Pending, Taker, Taking
from shared.batch_errors import BatchClosed, BatchFull, BatchGone, BatchNotFound
from shared.blobs import BlobNotFound, BlobStore
from shared.errors import (
    ArchiveUnreadable,
    DocchuError,
    DocumentLost,
    QueueFull,
    ServiceError,
    StaleAttempt,
    TooManyDocuments,
    Unavailable,
)
from shared.failpoints import reach
from shared.store.batches.uploads import Parcel, Parcels
from shared.store.jobs.jobs import JobStore

_log = structlog.get_logger()
_TURN_S = 2.0  # then another parcel has its turn
_NOTE_S = 0.5  # between two notes of the position: what is done twice after a crash
_PATIENCE_S = 1.0  # until the queue is looked at again
_REST_S = 1.0  # after a fault of the service
_IDLE_S = 0.3  # between two looks for a parcel
_ROOM = 0.5  # of the queue's limits; the rest is left to those who send documents one by one
MAX_FETCHES = 8  # documents of one parcel that are fetched at once
_LOOKS = 4  # turns before an upload that is not there counts as lost
_EMPTIED = 1 << 52  # the position of a parcel that is done: its bytes may be gone


@dataclass
class Unpacker:
    """Unpacks the parcels of all tenants; several may, each step is atomic in the store."""

    parcels: Parcels
    jobs: JobStore
    blobs: BlobStore
    taker: Taker
    open_source: Callable[[Parcel], Source]
    lease_s: float  # longer than fetching a document may take
    _open_parcels: OpenParcels = field(default_factory=OpenParcels)

    def run(self, stopped: threading.Event) -> None:
        """Unpack until stopped."""
        while not stopped.is_set():
            rest_s = 0.0
            try:
                rest_s = 0 if self.turn(stopped.is_set) else _IDLE_S
            except Unavailable as error:
                _log.warning("store is away; parcels wait", reason=error.reason)
                rest_s = _REST_S
            except Exception:
                # A thread's boundary: the parcel's lease runs out, and another turn may do better.
                _log.exception("unpacking failed unexpectedly; trying again")
                rest_s = _REST_S
            stopped.wait(rest_s)

    def turn(self, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Unpack the parcel that is next for a while; whether there was one. Raises Unavailable."""
        self._open_parcels.close_idle()
        parcel = self.parcels.take(self.lease_s)
        if parcel is None:
            return False
        reach("unpacking.taken")
        try:
            self._unpack_or_give_up(parcel, is_over)
        except QueueFull:
            _log.info("the queue is full; the parcel waits", parcel=parcel.id)
        except StaleAttempt:
            _log.warning("another keeper has the parcel by now", parcel=parcel.id)
        except OSError as error:
            raise Unavailable("The parcel cannot be read right now.") from error
        return True

    def _unpack_or_give_up(self, parcel: Parcel, is_over: Callable[[], bool]) -> None:
        try:
            self._unpack(parcel, is_over)
        except (BatchClosed, BatchGone, BatchNotFound) as error:
            _log.info("the rest of a parcel is not wanted", batch=parcel.batch_id, code=error.code)
            self._finish(self.parcels.advance(parcel, _EMPTIED, self.lease_s))
        except BatchFull:
            self._finish(parcel, TooManyDocuments())
        except (ArchiveUnreadable, DocumentLost, TooManyDocuments) as error:
            self._finish(parcel, error)
        except (ServiceError, StaleAttempt, OSError):
            raise
        except Exception:
            # A thread's boundary. Another try would end the same way, and the batch never.
            _log.exception("unpacking failed unexpectedly; the parcel is given up", id=parcel.id)
            self._finish(parcel, DocchuError("Unpacking failed unexpectedly: see the log."))

    def _unpack(self, parcel: Parcel, is_over: Callable[[], bool]) -> None:
        if parcel.position >= _EMPTIED:
            return self._finish(parcel)
        taking = self.taker.begin(parcel)
        opened = self._open(parcel)
        try:
            pause_s = self._go_on(taking, opened, is_over)
        except BaseException as error:
            opened.source.close()  # where it stands now is not where its position says
            if isinstance(error, ServiceError):
                self.parcels.advance(parcel, opened.position, _REST_S)
            raise
        if pause_s is None:
            opened.source.close()
            parcel = self.parcels.advance(parcel, _EMPTIED, self.lease_s)
            reach("unpacking.emptied")
            return self._finish(parcel)
        self._open_parcels.keep(parcel.id, opened)
        self.parcels.advance(parcel, opened.position, pause_s)
        return None

    def _go_on(self, taking: Taking, opened: Opened, is_over: Callable[[], bool]) -> float | None:
        """Take documents for a turn. Seconds until it goes on; None once there are no more."""
        began, noted = time.monotonic(), -math.inf
        pause_s: float | None = None
        coming: deque[Pending] = deque()
        try:
            while True:
                now = time.monotonic()
                if now - noted > _NOTE_S:
                    noted = now
                    self._note(taking, opened)
                    if self.jobs.fullness(taking.parcel.tenant) >= _ROOM:
                        pause_s, is_over = _PATIENCE_S, lambda: True
                if is_over() or now - began > _TURN_S:
                    pause_s = pause_s or 0.0
                elif self._look_ahead(taking, opened, coming):
                    continue
                # What was begun is brought to its end, so that the next turn begins behind it.
                if not coming:
                    if opened.ending:
                        raise opened.ending
                    return pause_s
                self._finish_first(taking, opened, coming)
        finally:
            for pending in coming:
                pending.let_go()

    def _look_ahead(self, taking: Taking, opened: Opened, coming: deque[Pending]) -> bool:
        """Begin with one more document, if the last one is only waited for; whether there was."""
        if coming and (coming[-1].arriving is None or len(coming) >= MAX_FETCHES):
            return False
        try:
            item = next(opened.rest, None)
        except (ArchiveUnreadable, TooManyDocuments) as error:
            opened.ending = error  # told once what was begun is done
            return False
        if item is not None:
            coming.append(taking.begin(item, lambda: self._note(taking, opened)))
        return item is not None

    def _finish_first(self, taking: Taking, opened: Opened, coming: deque[Pending]) -> None:
        pending = coming.popleft()
        taking.finish(pending)
        opened.position = pending.item.number

    def _note(self, taking: Taking, opened: Opened) -> None:
        self.parcels.advance(taking.parcel, opened.position, self.lease_s)
        reach("unpacking.noted")

    def _open(self, parcel: Parcel) -> Opened:
        """Go on where the last turn ended, if that was ours, or open it anew."""
        if opened := self._open_parcels.take(parcel.id, parcel.position):
            return opened
        try:
            source = self.open_source(parcel)
        except BlobNotFound as error:
            # It was stored before its record was made: see `SliceReader._document`.
            if self._open_parcels.miss(parcel.id) < _LOOKS:
                raise Unavailable("The upload is not where it should be.") from error
            raise DocumentLost("The service has lost the upload: send it again.") from error
        return Opened(source, source.items(parcel.position), parcel.position)

    def _finish(self, parcel: Parcel, problem: DocchuError | None = None) -> None:
        self._open_parcels.forget(parcel.id)
        if problem:
            # Told first: without its bytes, nobody would know any more what was wrong with them.
            self.parcels.finish(parcel, problem)
            reach("unpacking.told")
        self.blobs.delete(parcel.tenant, parcel.batch_id, parcel.id)
        reach("unpacking.erased")
        if not problem:
            self.parcels.finish(parcel)
        _log.info(
            "parcel unpacked",
            batch=parcel.batch_id,
            parcel=parcel.id,
            problem=problem and problem.code,
        )
