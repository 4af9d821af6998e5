"""What one worker process holds for its whole life, and how it takes the next slice."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import structlog

from shared.blobs import open_blobs
from shared.errors import StaleAttempt, Unavailable
from shared.jobs import Model, rfc3339
from shared.log import tell_away
from shared.observing import tracing
from shared.running.failpoints import arm, reach
from shared.settings import Settings
from shared.store.jobs.slices import Claim, JobTime, SliceQueue
from shared.store.needs import is_suspect, readable, suspect
from shared.store.scripts import Client, connect
from shared.store.workers import REPORT_S, WorkerInfo, Workers
from worker import metrics
from worker.leases import Lease, LeaseKeeper
from worker.loading.limits import limits_of
from worker.loading.pool import PageLoader
from worker.models import LoadedModels, Models
from worker.ocr.batcher import DeviceLost
from worker.ocr.heap import own_rss_bytes
from worker.reading import SliceReader
from worker.reuse import EarlierPages
from worker.slots import Slots
from worker.suspects import MODULE, SuspectReading
from worker.watchdog import STUCK_EXIT_CODE, Health, Thresholds, Watchdog

_log = structlog.get_logger()
_STOP_GRACE_S = 1  # for the pages in hand, before their slices are requeued
_LISTENS_S = 60  # until Celery must have connected, after that a worker counts as deaf
_EXIT_S = 5  # for what still reads after that; then the process ends under it
_LOOK_S = 0.2  # while a slice waits for which no slot is free
_SPARE_LOADERS = 2  # for interactive pages, while bulk pages keep the others
_REST_S = 1  # after a fault of the service, or a full disk would keep every core busy


class Runtime:
    """A worker: claim, load, read, finish."""

    def __init__(
        self,
        settings: Settings,
        client: Client,
        models: Models,
        suspects: Sequence[str] | None = MODULE,
    ) -> None:
        """`suspects` is the program that reads suspect slices; None if this is in it."""
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._settings = settings
        arm(settings.failpoints_dir)
        tracing.set_up("worker")
        self._slices = SliceQueue(
            client,
            self.id,
            settings.lease_s,
            job_time=JobTime(settings.job_timeout_s, settings.page_timeout_s),
            needs=lambda: self._needs if self._suspects else suspect(self._needs),
        )
        self._workers = Workers(client)
        self._slots = Slots(settings.worker_slices)
        self._suspects = SuspectReading(suspects) if suspects else None
        self._leases = LeaseKeeper(self._slices, settings.lease_s)
        self._stopping = threading.Event()
        self._closed = False
        self._rang_at = time.monotonic() + _LISTENS_S
        limits, num = limits_of(settings), settings.loader_processes
        self._loader = PageLoader(limits, num, num_spare=_SPARE_LOADERS)
        self._pages = ThreadPoolExecutor(2 * settings.worker_slices, "pages")
        self._blobs = open_blobs(settings)
        self._slice_reader = SliceReader(
            slices=self._slices,
            blobs=self._blobs,
            loader=self._loader,
            models=models,
            pages=self._pages,
            slice_pages=settings.slice_pages,
            stopping=self._stopping.is_set,
            earlier=EarlierPages.of(settings, client, self._blobs),
        )
        self._models = models
        self._hear: Callable[[tuple[str, ...]], object] = lambda needs: None
        self._needs = readable(model.name for model in models.known())
        self._watchdog = Watchdog(self._health, Thresholds.of(settings))
        threading.Thread(target=self._report, name="report", daemon=True).start()

    @classmethod
    def start(cls, settings: Settings) -> Runtime:
        """Load the model and begin to show signs of life. Raises SettingError."""
        return cls(settings, connect(settings.store_url), LoadedModels.load(settings))

    @classmethod
    def for_suspects(cls, settings: Settings) -> Runtime:
        """The same in the process that reads suspect slices. Raises SettingError."""
        return cls(settings, connect(settings.store_url), LoadedModels.load(settings), None)

    @property
    def hears(self) -> tuple[str, ...]:
        """The needs whose messages the worker takes."""
        return self._needs + suspect(self._needs)

    def take_next(self, woken_by: str = "") -> bool:
        """Read the slice that is next in line; whether there was one for us.

        `woken_by` is the need whose message brought us here. Raises StaleAttempt, ServiceError.
        """
        self._rang_at = time.monotonic()
        reach("worker.taken")
        if self._suspects and is_suspect(woken_by):
            self._suspects.wake()
            return False
        while (claim := self._claim(woken_by)) == "kept":
            # Its message was taken, so it is ours to see to: until there is room for it.
            self._slots.wait(_LOOK_S)
        if not isinstance(claim, Claim):
            return False
        try:
            reach("worker.claimed")
            trace = tracing.step("slice", claim.trace, "consumer", **claim.names)
            with self._leases.holding(claim) as lease, trace as reading:
                lease.trace = reading.traceparent
                self._read(lease)
        finally:
            self._slots.leave(claim)
        return True

    def _claim(self, woken_by: str) -> Claim | Literal["kept"] | None:
        with self._slots.claiming() as room:
            if self._stopping.is_set():
                return None
            claim = self._slices.claim(room, woken_by)
            if isinstance(claim, Claim):
                self._slots.enter(claim)
                metrics.claimed(claim)
            return claim

    def _read(self, lease: Lease) -> None:
        try:
            self._slice_reader.read(lease)
        except StaleAttempt:
            metrics.refused()
            raise
        except DeviceLost:
            # A CUDA context does not recover: end, be started anew, and let the leases run out.
            _log.exception("device is lost; the worker ends and is started anew")
            os._exit(STUCK_EXIT_CODE)

    def listen(self, hear: Callable[[tuple[str, ...]], object]) -> None:
        """Note that messages can be heard from now on: before, a worker cannot be deaf.

        `hear` is told which needs the worker hears of, whenever that changes.
        """
        self._hear = hear
        self._rang_at = time.monotonic()

    def reading(self) -> list[dict[str, object]]:
        """The slices that are being read, as `celery inspect reading` shows them."""
        return [
            {
                "job": lease.claim.job_id,
                "slice": lease.claim.index,
                "attempt": lease.claim.attempt,
                "pages": list(lease.claim.pages or ()),
                "since": rfc3339(lease.since),
            }
            for lease in self._leases.held
        ]

    def rest(self) -> None:
        """Wait a moment, unless the worker stops."""
        self._stopping.wait(_REST_S)

    def stop(self) -> None:
        """Take nothing new, and hand unfinished slices back after the pages in hand."""
        self._stopping.set()

    def close(self) -> None:
        """Let go of everything."""
        self._closed = True
        self.stop()
        self._watchdog.close()
        self._requeue()
        if self._suspects:
            self._suspects.close()
        self._leases.close()
        self._loader.close()
        self._pages.shutdown(wait=False, cancel_futures=True)

    def _report(self) -> None:
        while True:
            self._blobs.tidy()
            try:
                # Models may have come and gone since.
                models = self._models.known()
                if self._suspects and self._workers.report(self._info(models)):
                    self._meet(())
                    self._suspects.hand_back()
                else:
                    self._meet(readable(model.name for model in models))
            except Unavailable as error:
                tell_away(error, step="report")
            if self._stopping.wait(REPORT_S):
                self._requeue()
                self._end_in_time()
                return

    def _info(self, models: list[Model]) -> WorkerInfo:
        return WorkerInfo(
            id=self.id,
            model=models[0],
            models=models,
            device=self._settings.device,
            num_slices=self._settings.worker_slices,
        )

    def _meet(self, needs: tuple[str, ...]) -> None:
        if needs != self._needs:
            self._needs = needs
            self._hear(self.hears)

    def _requeue(self) -> None:
        deadline = time.monotonic() + _STOP_GRACE_S
        while self._leases.held and time.monotonic() < deadline:
            time.sleep(0.02)
        self._leases.release_all()
        try:
            self._workers.leave(self.id)
        except Unavailable as error:
            _log.warning("store is away; the keeper forgets this worker", reason=error.reason)

    def _end_in_time(self) -> None:
        """End the process if something hangs: nothing that it holds is wanted any more."""
        deadline = time.monotonic() + _EXIT_S
        while time.monotonic() < deadline:
            if self._closed or not self._slots.num_taken:
                return
            time.sleep(0.05)
        _log.warning("a page hangs; its slice was requeued, and the worker ends without it")
        os._exit(STUCK_EXIT_CODE)

    def _health(self) -> Health:
        held = self._leases.held
        return Health(
            rang_at=self._rang_at,
            num_reading=self._slots.num_taken,
            oldest_progress_at=min((lease.progress_at for lease in held), default=None),
            num_ready=self._slices.num_ready(),
            rss_bytes=own_rss_bytes(),
        )
