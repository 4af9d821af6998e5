"""Takes uploads in turn and makes their documents jobs, one by one, as fast as the queue allows.

May be killed anywhere and may run twice: a job's id follows from its upload and its place in that,
so that each step can be done again, and only its position says from where.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from keeper.unpacking.items import Source
from keeper.unpacking.opened import Opened, OpenUploads
from keeper.unpacking.taking import Taker, Taking
from shared.blobs import BlobNotFound, BlobStore
from shared.errors import (
    DocchuError,
    QueueFull,
    ServiceError,
    StaleAttempt,
    TooManyDocuments,
    Unavailable,
)
from shared.errors.batches import BatchClosed, BatchFull, BatchGone, BatchNotFound
from shared.errors.documents import ArchiveUnreadable, DocumentLost
from shared.log import tell_away
from shared.running.failpoints import reach
from shared.store.batches.uploads import BatchUpload, BatchUploads
from shared.store.jobs.jobs import JobStore

_log = structlog.get_logger()
_TURN_S = 2.0  # then another upload has its turn
_NOTE_S = 0.5  # between two notes of the position: what is done twice after a crash
_PATIENCE_S = 1.0  # until the queue is looked at again
_REST_S = 1.0  # after a fault of the service
_IDLE_S = 0.3  # between two looks for an upload
_ROOM = 0.5  # of the queue's limits; the rest is left to those who send documents one by one
_LOOKS = 4  # turns before an upload that is not there counts as lost
_EMPTIED = 1 << 52  # the position of an upload that is done: its bytes may be gone


@dataclass
class Unpacker:
    """Unpacks the uploads of all tenants; several may, each step is atomic in the store."""

    batch_uploads: BatchUploads
    jobs: JobStore
    blobs: BlobStore
    taker: Taker
    open_source: Callable[[BatchUpload], Source]
    lease_s: float
    _open_uploads: OpenUploads = field(default_factory=OpenUploads)

    def run(self, stopped: threading.Event) -> None:
        """Unpack until stopped."""
        while not stopped.is_set():
            rest_s = 0.0
            try:
                rest_s = 0 if self.turn(stopped.is_set) else _IDLE_S
            except Unavailable as error:
                tell_away(error, step="unpacking")
                rest_s = _REST_S
            except Exception:
                # A thread's boundary: the upload's lease runs out, and another turn may do better.
                _log.exception("unpacking failed unexpectedly; trying again")
                rest_s = _REST_S
            stopped.wait(rest_s)

    def turn(self, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Unpack the upload that is next for a while; whether there was one. Raises Unavailable."""
        self._open_uploads.close_idle()
        batch_upload = self.batch_uploads.take(self.lease_s)
        if batch_upload is None:
            return False
        reach("unpacking.taken")
        try:
            self._unpack_or_give_up(batch_upload, is_over)
        except QueueFull:
            _log.info("the queue is full; the upload waits", batch_upload=batch_upload.id)
        except StaleAttempt:
            _log.warning("another keeper has the upload by now", batch_upload=batch_upload.id)
        except OSError as error:
            raise Unavailable("The upload cannot be read right now.") from error
        return True

    def _unpack_or_give_up(self, batch_upload: BatchUpload, is_over: Callable[[], bool]) -> None:
        try:
            self._unpack(batch_upload, is_over)
        except (BatchClosed, BatchGone, BatchNotFound) as error:
            batch_id = batch_upload.batch_id
            _log.info("the rest of an upload is not wanted", batch=batch_id, code=error.code)
            self._finish(self.batch_uploads.advance(batch_upload, _EMPTIED, self.lease_s))
        except BatchFull:
            self._finish(batch_upload, TooManyDocuments())
        except (ArchiveUnreadable, DocumentLost, TooManyDocuments) as error:
            self._finish(batch_upload, error)
        except (ServiceError, StaleAttempt, OSError):
            raise
        except Exception:
            # A thread's boundary. Another try would end the same way, and the batch never.
            _log.exception("unpacking failed unexpectedly; upload given up", id=batch_upload.id)
            self._finish(batch_upload, DocchuError("Unpacking failed unexpectedly: see the log."))

    def _unpack(self, batch_upload: BatchUpload, is_over: Callable[[], bool]) -> None:
        if batch_upload.position >= _EMPTIED:
            return self._finish(batch_upload)
        taking = self.taker.begin(batch_upload)
        opened = self._open(batch_upload)
        try:
            pause_s = self._go_on(taking, opened, is_over)
        except BaseException as error:
            opened.source.close()  # where it stands now is not where its position says
            if isinstance(error, ServiceError):
                self.batch_uploads.advance(batch_upload, opened.position, _REST_S)
            raise
        if pause_s is None:
            opened.source.close()
            batch_upload = self.batch_uploads.advance(batch_upload, _EMPTIED, self.lease_s)
            reach("unpacking.emptied")
            return self._finish(batch_upload)
        self._open_uploads.keep(batch_upload.id, opened)
        self.batch_uploads.advance(batch_upload, opened.position, pause_s)
        return None

    def _go_on(self, taking: Taking, opened: Opened, is_over: Callable[[], bool]) -> float | None:
        """Take documents for a turn. Seconds until it goes on; None once there are no more."""
        began, noted = time.monotonic(), -math.inf
        while True:
            now = time.monotonic()
            if now - noted > _NOTE_S:
                noted = now
                self._note(taking, opened)
                if self.jobs.fullness(taking.batch_upload.tenant) >= _ROOM:
                    return _PATIENCE_S
            if is_over() or now - began > _TURN_S:
                return 0.0
            item = next(opened.rest, None)
            if item is None:
                return None
            taking.take(item, lambda: self._note(taking, opened))
            opened.position = item.number

    def _note(self, taking: Taking, opened: Opened) -> None:
        self.batch_uploads.advance(taking.batch_upload, opened.position, self.lease_s)
        reach("unpacking.noted")

    def _open(self, batch_upload: BatchUpload) -> Opened:
        """Go on where the last turn ended, if that was ours, or open it anew."""
        if opened := self._open_uploads.take(batch_upload.id, batch_upload.position):
            return opened
        try:
            source = self.open_source(batch_upload)
        except BlobNotFound as error:
            # It was stored before its record was made: see `SliceReader._document`.
            if self._open_uploads.miss(batch_upload.id) < _LOOKS:
                raise Unavailable("The upload is not where it should be.") from error
            raise DocumentLost("The service has lost the upload: send it again.") from error
        return Opened(source, source.items(batch_upload.position), batch_upload.position)

    def _finish(self, batch_upload: BatchUpload, problem: DocchuError | None = None) -> None:
        self._open_uploads.forget(batch_upload.id)
        if problem:
            # Told first: without its bytes, nobody would know any more what was wrong with them.
            self.batch_uploads.finish(batch_upload, problem)
            reach("unpacking.told")
        self.blobs.delete(batch_upload.tenant, batch_upload.batch_id, batch_upload.id)
        reach("unpacking.erased")
        if not problem:
            self.batch_uploads.finish(batch_upload)
        _log.info(
            "upload unpacked",
            batch=batch_upload.batch_id,
            batch_upload=batch_upload.id,
            problem=problem and problem.code,
        )
