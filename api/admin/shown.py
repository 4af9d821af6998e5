"""What operators are shown and may ask for, as models."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs import Model, Moment, SliceAttempt
from shared.store.audit import AuditEntry


class AdminReading(BaseModel):
    """A slice that is being read."""

    worker: str
    tenant: str
    job_id: str
    slice: int
    attempt: int
    crashes: int = Field(description="attempts that ended with their worker")
    pages: list[int] | None = Field(description="null until the document has been opened")
    since: Moment


class AdminWorker(BaseModel):
    """A worker that lives. `drained_at`: since when it takes nothing new."""

    id: str
    device: str
    models: list[Model]
    num_slices: int = Field(description="slices that it reads at once")
    seen_at: Moment
    drained_at: Moment | None


class AdminWorkers(BaseModel):
    """The workers, and what is being read; suspect slices by a process of a worker's own."""

    workers: list[AdminWorker]
    reading: list[AdminReading]


class AdminTenant(BaseModel):
    """What waits of a tenant. `oldest_at`: when the oldest job that nobody has begun was made."""

    tenant: str
    pages: int
    interactive: int = Field(description="slices that wait")
    bulk: int
    oldest_at: Moment | None
    paused_at: Moment | None
    failed: int = Field(description="failed jobs that are kept")
    deliveries_pending: int
    deliveries_failed: int


class AdminFailure(BaseModel):
    """A job that failed, or in part. `requeued_as`: the job that reads its document again."""

    job_id: str
    tenant: str
    status: Literal["failed", "partial"]
    finished_at: Moment | None
    code: str
    detail: str
    requeued_as: str | None


class AdminTrouble(BaseModel):
    """A job with pages that ended their workers, or took too long, and who tried them."""

    job_id: str
    tenant: str
    pages: dict[int, str] = Field(description="page -> reason")
    attempts: list[SliceAttempt]


class AdminWebhook(BaseModel):
    """A webhook that fails, or was switched off for that."""

    webhook_id: str
    tenant: str
    url: str
    failing_since: Moment | None
    disabled_at: Moment | None
    last_error: str | None


class AdminRoom(BaseModel):
    """Bytes and files that there is still room for."""

    disk_free_bytes: int = Field(description="under the data folder")
    disk_free_files: int
    store_bytes: int = Field(description="memory that the job store takes")
    store_max_bytes: int = Field(description="that it may take; 0: all there is")


class AdminQueue(BaseModel):
    """What waits, what is slow and what went wrong, of all tenants."""

    paused_at: Moment | None = Field(description="since when nothing of anybody is claimed")
    tenants: list[AdminTenant]
    slowest: list[AdminReading] = Field(description="what has been read for the longest time")
    failed: list[AdminFailure] = Field(description="the last ones")
    troubled: list[AdminTrouble] = Field(description="among the last that failed")
    webhooks: list[AdminWebhook]
    records_set_aside: int = Field(description="records that cannot be used: the log names them")
    room: AdminRoom


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PauseBody(_Asked):
    """Whether a tenant, or the whole service, is paused."""

    paused: bool
    tenant: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")


class AdminPauses(BaseModel):
    """Since when the service, or a tenant, is paused."""

    paused_at: Moment | None
    tenants: dict[str, Moment]


class DrainBody(_Asked):
    """Whether a worker finishes what it reads and takes nothing new."""

    worker: str = Field(min_length=1, max_length=255)
    drained: bool = True


class RequeueBody(_Asked):
    """Which jobs: these, or failed ones that were not requeued yet (a tenant's, or all)."""

    jobs: list[str] = Field(default=[], max_length=200)
    failed: bool = False
    tenant: str | None = Field(default=None, max_length=63)


class AdminRequeued(BaseModel):
    """A job, and the one that reads its document again; or why there is none."""

    job_id: str
    new_job_id: str | None = None
    code: str | None = None
    detail: str | None = None


class AdminRequeue(BaseModel):
    """What was done. `more`: ask again; `queue_full`: later."""

    jobs: list[AdminRequeued]
    more: bool
    queue_full: bool = False


class PurgeBody(_Asked):
    """Jobs that wait, of a tenant or a batch; or those that ended so long ago."""

    what: Literal["waiting", "ended"]
    tenant: str | None = Field(default=None, max_length=63)
    batch_id: str | None = Field(default=None, pattern=r"^bat_[A-Za-z0-9_-]{24}$")
    older_than_s: float | None = Field(default=None, ge=0, le=10_000_000_000)


class AdminPurge(BaseModel):
    """How many jobs were canceled, or erased. `more`: ask again."""

    jobs: int
    more: bool


class AuditQuery(_Asked):
    """How many entries, and before which."""

    limit: int = Field(default=100, ge=1, le=1000)
    cursor: str | None = Field(default=None, max_length=64)


class AdminAudit(BaseModel):
    """Some entries, newest first, and where to go on: null at the end."""

    entries: list[AuditEntry]
    next_cursor: str | None
