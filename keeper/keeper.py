"""The keeper: brings lost work back, wakes workers whose message was lost, ends what is due.

What is past its time is erased (`keeper.retention`), webhooks are sent (`keeper.webhooks.sender`),
documents fetched (`keeper.fetching`) and uploads unpacked (`keeper.unpacking`) beside that, in
threads of their own.

Several keepers may run beside each other: each step is atomic in the store and may be done twice.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from keeper import metrics
from keeper.batches import DueBatches
from keeper.canary import CanaryKeeper
from keeper.fetching import make_fetcher
from keeper.retention import Retention
from keeper.steps import do, each
from keeper.unpacking.services import NUM_THREADS, make_unpacker
from keeper.webhooks.sender import make_sender
from shared.blobs import open_blobs
from shared.errors import DocchuError
from shared.log import set_up_logging
from shared.observing import tracing
from shared.observing.serving import serve
from shared.running.failpoints import arm, reach
from shared.running.starting import await_stores
from shared.settings import Settings, load_settings
from shared.store import keys
from shared.store.aside import Aside
from shared.store.clock import SteadyClock
from shared.store.jobs.unmet import Unmet
from shared.store.jobs.upkeep import Upkeep
from shared.store.needs import model_of
from shared.store.pauses import Pauses
from shared.store.scripts import Clock, connect, server_clock
from shared.store.workers import Workers

_log = structlog.get_logger()
_PER_ROUND = 200  # steps of one kind, so that no round takes long


@dataclass
class Keeper:
    """One round after the other, each step on its own, so that a failing one stops no other."""

    upkeep: Upkeep
    workers: Workers
    canary: CanaryKeeper
    batches: DueBatches
    pauses: Pauses
    unmet: Unmet
    unmet_s: float  # for so long a job waits for a model that no worker has
    aside: Aside
    retention: Retention

    @property
    def steps(self) -> list[Callable[[], None]]:
        """What is done in each round."""
        return [
            self.recover,
            self.end_overdue,
            self.pauses.release,
            self.wake,
            self.note_unmet,
            self.batches.process_due_batches,
            self.canary.process_due,
        ]

    def round(self) -> None:
        """Do each step once."""
        for step in self.steps:
            do(step)

    def recover(self) -> None:
        """Take back the slices whose lease ran out."""
        expired = self.upkeep.expired_leases(_PER_ROUND)
        each(self.aside, keys.LEASES, map("/".join, expired), self._recover)

    def _recover(self, name: str) -> None:
        job_id, _, index = name.partition("/")
        outcome = self.upkeep.recover(job_id, index)
        if outcome in metrics.LOST:
            metrics.LEASES_LOST.labels(outcome).inc()
        _log.warning("lease ran out", job=job_id, slice=index, outcome=outcome)
        reach("keeper.recovered")

    def end_overdue(self) -> None:
        """End the jobs whose time is over."""
        each(self.aside, keys.DEADLINES, self.upkeep.overdue(_PER_ROUND), self._end_overdue)

    def _end_overdue(self, job_id: str) -> None:
        outcome = self.upkeep.end_overdue(job_id)
        metrics.JOBS_OVERDUE.inc(outcome == "ended")
        _log.warning("job took longer than it may", job=job_id, outcome=outcome)

    def wake(self) -> None:
        """Wake workers for slices that wait without a message: it was lost."""
        self.upkeep.wake()

    def note_unmet(self) -> None:
        """Note what waits for a worker that does not live, and give models up in the end."""
        for need, for_s in self.unmet.note(self.workers.alive()).items():
            if model_of(need) is None or for_s < self.unmet_s:
                continue
            for job_id in self.unmet.give_up(need, _PER_ROUND):
                metrics.JOBS_UNMET.inc()
                _log.warning("job given up: no worker has its model", job=job_id, need=need)


def make_keeper(settings: Settings, clock: Clock = server_clock) -> Keeper:
    """Put a keeper together; it connects when it is first used."""
    client = connect(settings.store_url)
    blobs = open_blobs(settings)
    upkeep, aside = Upkeep(client, settings.max_crashes, clock), Aside(client, clock)
    workers = Workers(client)
    return Keeper(
        upkeep=upkeep,
        workers=workers,
        canary=CanaryKeeper.make(client, blobs, settings.canary_interval_s),
        batches=DueBatches.make(settings, client, blobs, clock),
        pauses=Pauses(client, clock),
        unmet=Unmet(client, clock),
        unmet_s=settings.job_timeout_s,
        aside=aside,
        retention=Retention(
            upkeep=upkeep,
            blobs=blobs,
            workers=workers,
            aside=aside,
            sweep_interval_s=settings.sweep_interval_s,
            max_finished=settings.max_finished_jobs_per_tenant,
            orphan_age_s=settings.orphan_age_s,
        ),
    )


def tick(settings: Settings, stopped: threading.Event) -> None:
    """Let the store's clock go on until stopped."""
    clock = SteadyClock(connect(settings.store_url), settings.lease_s)
    while not stopped.is_set():
        do(clock.tick)
        stopped.wait(clock.interval_s)


def main() -> None:
    """Run until a signal ends it: `python -m keeper`."""
    try:
        settings = load_settings()
        set_up_logging(settings)
        serve(settings, "keeper")
        tracing.set_up("keeper")
        await_stores(settings)
    except DocchuError as error:
        sys.exit(f"docchu: {error.reason}")
    arm(settings.failpoints_dir)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    keeper = make_keeper(settings)
    sender = make_sender(settings, connect(settings.store_url))
    fetcher = make_fetcher(settings, connect(settings.store_url))
    unpacker = make_unpacker(settings, connect(settings.store_url))
    beside = [threading.Thread(target=sender.run, args=(stopped,))]
    beside += [threading.Thread(target=fetcher.dispatcher.run, args=(stopped,))]
    beside += [threading.Thread(target=unpacker.run, args=(stopped,)) for _ in range(NUM_THREADS)]
    beside.append(threading.Thread(target=tick, args=(settings, stopped)))
    pauses = (stopped, settings.keeper_interval_s)
    beside.append(threading.Thread(target=keeper.retention.run, args=pauses))
    for thread in beside:
        thread.start()
    try:
        while not stopped.is_set():
            keeper.round()
            stopped.wait(settings.keeper_interval_s)
    finally:
        stopped.set()  # or a keeper whose rounds broke off would live on, and send
        for thread in beside:
            thread.join()  # at most the attempts, and the documents, under way
