"""Takes parcels in turn and makes their documents jobs, one by one, as fast as the queue allows.

May be killed anywhere and may run twice: a job's id follows from its parcel and its place in that,
so that each step can be done again, and only its position says from where.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from shared.batch_errors import BatchClosed, BatchFull, BatchGone, BatchNotFound
from shared.blobs import BlobNotFound, BlobStore
from shared.broker import Doorbell
from shared.errors import (
    ArchiveUnreadable,
    DocchuError,
    QueueFull,
    ServiceError,
    StaleAttempt,
    TooManyDocuments,
    Unavailable,
)
from shared.failpoints import reach
from shared.settings import Settings
from shared.store.batches import BatchStore
from shared.store.jobs import JobStore, Limits
from shared.store.parcels import Parcel, Parcels
from shared.store.scripts import Client
from worker.unpacking.archives import ZipParcel
from worker.unpacking.items import Item, Source
from worker.unpacking.limits import ParcelLimits
from worker.unpacking.lines import Fetching, LineParcel
from worker.unpacking.taking import Taker, Taking

_log = structlog.get_logger()
_TURN_S = 2.0  # then another parcel has its turn
_NOTE_S = 0.5  # between two notes of the position: what is done twice after a crash
_PATIENCE_S = 1.0  # until the queue is looked at again
_REST_S = 1.0  # after a fault of the service
_IDLE_S = 0.3  # between two looks for a parcel
_ROOM = 0.5  # of the queue's limits; the rest is left to those who send documents one by one
_MAX_OPEN = 16  # parcels that are kept open from one turn to the next
_EMPTIED = 1 << 52  # the position of a parcel that is done: its bytes may be gone


@dataclass
class Opened:
    """A parcel that is open, and where its reading stands."""

    source: Source
    rest: Iterator[Item]
    position: int


@dataclass
class Unpacker:
    """Unpacks the parcels of all tenants; several may, each step is atomic in the store."""

    parcels: Parcels
    jobs: JobStore
    blobs: BlobStore
    doorbell: Doorbell
    taker: Taker
    open_source: Callable[[Parcel], Source]
    lease_s: float  # longer than fetching a document may take
    _kept: dict[str, Opened] = field(default_factory=dict)

    def run(self, stopped: threading.Event) -> None:
        """Unpack until stopped."""
        while not stopped.is_set():
            rest_s = 0.0
            try:
                rest_s = 0 if self.turn(stopped.is_set) else _IDLE_S
            except Unavailable:
                _log.warning("store is away; parcels wait")
                rest_s = _REST_S
            except Exception:
                # A thread's boundary: the parcel's lease runs out, and another turn may do better.
                _log.exception("unpacking failed unexpectedly; trying again")
                rest_s = _REST_S
            stopped.wait(rest_s)

    def turn(self, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Unpack the parcel that is next for a while; whether there was one. Raises Unavailable."""
        parcel = self.parcels.take(self.lease_s)
        if parcel is None:
            return False
        reach("unpacking.taken")
        try:
            self._unpack(parcel, is_over)
        except QueueFull:
            _log.info("the queue is full; the parcel waits", parcel=parcel.id)
        except StaleAttempt:
            _log.warning("another keeper has the parcel by now", parcel=parcel.id)
        except (BatchClosed, BatchGone, BatchNotFound) as error:
            _log.info("the rest of a parcel is not wanted", batch=parcel.batch_id, code=error.code)
            self._finish(parcel)
        except BatchFull:
            self._finish(parcel, TooManyDocuments())
        except (ArchiveUnreadable, TooManyDocuments) as error:
            self._finish(parcel, error)
        except OSError as error:
            raise Unavailable("The parcel cannot be read right now.") from error
        return True

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
        self._keep(parcel, opened)
        self.parcels.advance(parcel, opened.position, pause_s)
        return None

    def _go_on(self, taking: Taking, opened: Opened, is_over: Callable[[], bool]) -> float | None:
        """Take documents for a turn. Seconds until it goes on; None once there are no more."""
        began, noted = time.monotonic(), -math.inf
        parcel = taking.parcel
        while True:
            now = time.monotonic()
            if is_over() or now - began > _TURN_S:
                return 0.0
            if now - noted > _NOTE_S:
                noted = now
                self.parcels.advance(parcel, opened.position, self.lease_s)
                reach("unpacking.noted")
                if self.jobs.fullness(parcel.tenant) >= _ROOM:
                    return _PATIENCE_S
            item = next(opened.rest, None)
            if item is None:
                return None
            if taking.take(item, lambda: self._renew(parcel, opened)):
                self.doorbell.try_to_ring()
            opened.position = item.number

    def _renew(self, parcel: Parcel, opened: Opened) -> None:
        self.parcels.advance(parcel, opened.position, self.lease_s)

    def _open(self, parcel: Parcel) -> Opened:
        """Go on where the last turn ended, if that was ours, or open it anew."""
        kept = self._kept.pop(parcel.id, None)
        if kept is not None:
            if kept.position == parcel.position:
                return kept
            kept.source.close()
        try:
            source = self.open_source(parcel)
        except BlobNotFound as error:
            raise ArchiveUnreadable("The upload is not there any more.") from error
        return Opened(source, source.items(parcel.position), parcel.position)

    def _keep(self, parcel: Parcel, opened: Opened) -> None:
        while len(self._kept) >= _MAX_OPEN:
            _, oldest = self._kept.popitem()
            oldest.source.close()
        self._kept[parcel.id] = opened

    def _finish(self, parcel: Parcel, problem: DocchuError | None = None) -> None:
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


def make_unpacker(settings: Settings, client: Client, doorbell: Doorbell) -> Unpacker:
    """Put an unpacker together; it connects when it is first used."""
    queued = settings.max_queued_pages, settings.max_queued_pages_per_tenant
    jobs = JobStore(client, Limits(*queued, settings.max_batch_jobs))
    blobs = BlobStore(settings.data_dir / "blobs")
    lease_s = settings.lease_s + settings.fetch_timeout_s
    limits = ParcelLimits.of(settings)
    fetching = Fetching(settings.allow_targets, settings.fetch_timeout_s, settings.result_ttl_s)

    def open_source(parcel: Parcel) -> Source:
        path = blobs.path(parcel.tenant, parcel.batch_id, parcel.id)
        if parcel.kind == "zip":
            return ZipParcel(path, limits)
        return LineParcel(path, limits, fetching)

    return Unpacker(
        parcels=Parcels(client),
        jobs=jobs,
        blobs=blobs,
        doorbell=doorbell,
        taker=Taker(BatchStore(client), jobs, blobs, settings, lease_s),
        open_source=open_source,
        lease_s=lease_s,
    )
