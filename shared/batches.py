"""The batch: many jobs submitted as one, as the API shows it, and its states."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.jobs import Moment, Progress
from shared.options import BatchOptions


class BatchStatus(StrEnum):
    """Where a batch stands. One that has ended runs again only if its failed jobs are retried."""

    OPEN = "open"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELED = "canceled"

    @property
    def terminal(self) -> bool:
        """Whether all jobs have ended and none can come."""
        return self in (BatchStatus.FINISHED, BatchStatus.CANCELED)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Counts(_Record):
    """How many jobs of a batch are in each state."""

    queued: int = 0
    running: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        """All jobs."""
        return sum(self.model_dump().values())

    @property
    def unfinished(self) -> int:
        """Those that have not ended."""
        return self.queued + self.running


class BatchError(_Record):
    """A job of a batch that is partial or failed."""

    custom_id: str | None
    job_id: str
    code: str
    detail: str


class BatchProblem(_Record):
    """Why an upload of many documents could not be taken apart, or not wholly."""

    code: str
    detail: str


class BatchLinks(_Record):
    """Where to go from here."""

    self_: str = Field(alias="self", serialization_alias="self")
    jobs: str
    results: str

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Batch(_Record):
    """Many jobs submitted as one."""

    id: str
    tenant: str = Field(exclude=True)
    status: BatchStatus
    created_at: Moment
    closed_at: Moment | None = Field(description="since when nothing can be added")
    finished_at: Moment | None
    expires_at: Moment | None
    counts: Counts
    num_jobs: int
    unpacking: bool = Field(description="whether an upload is still being taken apart")
    progress: Progress = Field(
        description="pages; a document that is not open yet counts as one of them"
    )
    pages_per_s: float | None
    eta_s: float | None
    first_errors: list[BatchError] = Field(description="at most 10")
    problem: BatchProblem | None
    options: BatchOptions
    metadata: dict[str, Any]
    links: BatchLinks
