"""The keeper: brings lost work back, wakes workers whose message was lost, erases what is due.

Webhooks are sent (`keeper.webhooks.sender`), documents fetched (`keeper.fetching`) and uploads
unpacked (`keeper.unpacking`) beside that, in threads of their own.

Several keepers may run beside each other: each step is atomic in the store and may be done twice.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import structlog

from keeper.batches import DueBatches
from keeper.canary import CanaryKeeper
from keeper.fetching import make_fetcher
from keeper.outages import Outages
from keeper.unpacking.services import NUM_THREADS, make_unpacker
from keeper.webhooks.sender import make_sender
from shared.blobs import INPUT, BlobStore
from shared.errors import DocchuError, Unavailable
from shared.log import set_up_logging
from shared.running.failpoints import arm, reach
from shared.running.starting import await_stores
from shared.settings import Settings, load_settings
from shared.store.jobs.unmet import Unmet
from shared.store.jobs.upkeep import Upkeep
from shared.store.needs import model_of
from shared.store.scripts import connect
from shared.store.workers import Workers

_log = structlog.get_logger()
_PER_ROUND = 200  # steps of one kind, so that no round takes long


@dataclass
class Keeper:
    """One round after the other, each step on its own, so that a failing one stops no other."""

    upkeep: Upkeep
    blobs: BlobStore
    workers: Workers
    canary: CanaryKeeper
    batches: DueBatches
    outages: Outages
    unmet: Unmet
    unmet_s: float  # for so long a job waits for a model that no worker has
    sweep_rounds: int  # from the beginning of one look for orphaned blobs to the next
    orphan_age_s: float  # older than any upload that is still coming in
    rounds: int = 0
    _old_jobs: Iterator[tuple[str, str]] = field(default_factory=lambda: iter(()))

    @property
    def steps(self) -> list[Callable[[], None]]:
        """What is done in each round."""
        return [
            self.recover,
            self.end_overdue,
            self.wake,
            self.note_unmet,
            self.expire,
            self.erase_left,
            self.batches.process_due_batches,
            self.canary.process_due,
            self.sweep,
        ]

    def round(self) -> None:
        """Do each step once."""
        for step in self.steps:
            reach(f"keeper.{step.__name__}")
            try:
                step()
            except Unavailable as error:
                _log.warning("store is away; trying again", step=step.__name__, reason=error.reason)
            except DocchuError:
                _log.exception("step failed; trying again", step=step.__name__)
        self.rounds += 1

    def recover(self) -> None:
        """Take back the slices whose lease ran out."""
        expired = self.upkeep.expired_leases(_PER_ROUND)
        if not self.outages.over():
            return
        for job_id, index in expired:
            outcome = self.upkeep.recover(job_id, index)
            _log.warning("lease ran out", job=job_id, slice=index, outcome=outcome)
            reach("keeper.recovered")

    def end_overdue(self) -> None:
        """End the jobs whose time is over."""
        for job_id in self.upkeep.overdue(_PER_ROUND):
            outcome = self.upkeep.end_overdue(job_id)
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
                _log.warning("job given up: no worker has its model", job=job_id, need=need)

    def expire(self) -> None:
        """Erase what is past its time."""
        for due in self.upkeep.due(_PER_ROUND):
            what = self.upkeep.expire(due)
            if what == "input":
                self.blobs.delete(due.tenant, due.job_id, INPUT)
                reach("keeper.input_erased")
                self.upkeep.expire(due, input_erased=True)
            elif what == "result":
                self.upkeep.erase(due.job_id)
                reach("keeper.erased")
                self.blobs.delete_job(due.tenant, due.job_id)

    def erase_left(self) -> None:
        """Erase what a job that was erased has left: who erased it was cut off, or wrote late."""
        for due in self.upkeep.erased(_PER_ROUND):
            if self.blobs.delete_job(due.tenant, due.job_id):
                self.upkeep.cleaned(due.job_id)

    def sweep(self) -> None:
        """Erase blobs that belong to no job: its creation, or its erasure, was cut off.

        Goes through the folder a piece a round, and begins again after a pause.
        """
        if self.rounds % self.sweep_rounds == 0:
            self.workers.forget_dead()
            self.blobs.delete_old_uploads(self.orphan_age_s)
            self._old_jobs = self.blobs.old_jobs(self.orphan_age_s)
        for tenant, job_id in islice(self._old_jobs, _PER_ROUND):
            if self.upkeep.is_gone(job_id):
                self.blobs.delete_job(tenant, job_id)
                _log.warning("orphaned blobs erased", job=job_id)


def make_keeper(settings: Settings) -> Keeper:
    """Put a keeper together; it connects when it is first used."""
    client = connect(settings.store_url)
    blobs = BlobStore(settings.data_dir / "blobs")
    return Keeper(
        upkeep=Upkeep(client, settings.max_crashes),
        blobs=blobs,
        workers=Workers(client),
        canary=CanaryKeeper.make(client, blobs, settings.canary_interval_s),
        batches=DueBatches.make(settings, client, blobs),
        outages=Outages(client, settings.lease_s),
        unmet=Unmet(client),
        unmet_s=settings.job_timeout_s,
        sweep_rounds=max(1, round(settings.sweep_interval_s / settings.keeper_interval_s)),
        orphan_age_s=settings.orphan_age_s,
    )


def main() -> None:
    """Run until a signal ends it: `python -m keeper`."""
    try:
        settings = load_settings()
        set_up_logging(settings)
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
