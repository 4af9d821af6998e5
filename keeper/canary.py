"""Sends a small picture through the real queue, so that readiness means that work gets done."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import structlog

from shared.blobs import INPUT, BlobStore
from shared.errors import DocchuError, JobGone, JobNotFound
from shared.ids import new_id
from shared.jobs import Document, Job, Status
from shared.options import Options
from shared.store.jobs.creating import Limits
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.records import NewJob
from shared.store.scripts import Client
from shared.store.workers import CANARY_TENANT, Canary

_log = structlog.get_logger()
_PICTURE = Path(__file__).with_name("canary.png")
_TTL_S = 60  # seconds; it only has to outlive the keeper's next look
_NO_LIMIT = 1 << 31  # pages: the canary must get through a full queue, or "busy" reads "not ready"


@dataclass
class CanaryKeeper:
    """Keeps one canary on its way or in the cage."""

    canary: Canary
    jobs: JobStore
    blobs: BlobStore

    @classmethod
    def make(cls, client: Client, blobs: BlobStore, interval_s: float) -> CanaryKeeper:
        """Put one together."""
        jobs = JobStore(client, Limits(_NO_LIMIT, _NO_LIMIT))
        return cls(Canary(client, interval_s), jobs, blobs)

    def process_due(self) -> None:
        """Look whether the canary is back, or send it when it is time."""
        try:
            self._process_due()
        except DocchuError:
            raise
        except Exception:
            # What is noted of it is one record, and damaged.
            _log.exception("the record of the trial reading cannot be used; it begins anew")
            self.canary.forget()

    def _process_due(self) -> None:
        self.canary.looked()
        if self.canary.is_excused():
            return
        job_id = self.canary.under_way()
        if job_id is not None:
            self._look(job_id)
        elif self.canary.is_due():
            self._send()

    def _send(self) -> None:
        data = _PICTURE.read_bytes()
        job_id = new_id("job")
        self.blobs.put(CANARY_TENANT, job_id, INPUT, data)
        document = Document(
            name=_PICTURE.name,
            media_type="image/png",
            size=len(data),
            sha256=sha256(data).hexdigest(),
        )
        new = NewJob(
            job_id, CANARY_TENANT, document, Options(), _TTL_S, _TTL_S, _TTL_S, event_id=None
        )
        self.jobs.create(new)
        self.canary.sent(job_id)

    def _look(self, job_id: str) -> None:
        try:
            job = self.jobs.get(CANARY_TENANT, job_id)
        except (JobGone, JobNotFound):
            self.canary.returned("its job is gone")
            return
        if job.status.terminal:
            self.canary.returned(_trouble(job))
            with suppress(JobGone, JobNotFound):  # another keeper was as fast
                self.jobs.erase(CANARY_TENANT, job_id)
            self.blobs.delete_job(CANARY_TENANT, job_id)


def _trouble(job: Job) -> str | None:
    if job.status is Status.SUCCEEDED:
        return None
    return job.error.detail if job.error else f"it was {job.status}"
