"""The job: the record about reading one document, as the API shows it, and its states."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from shared.options import Options


class Status(StrEnum):
    """Where a job stands. A terminal status never changes, except to `expired`."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return self not in (Status.QUEUED, Status.RUNNING)

    @property
    def has_result(self) -> bool:
        """Whether at least one page of the job was read."""
        return self in (Status.SUCCEEDED, Status.PARTIAL)


def rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339, in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def moment(ms: int | str) -> datetime:
    """Turn milliseconds since 1970 into a time."""
    return datetime.fromtimestamp(int(ms) / 1000, UTC)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Document(_Record):
    """The bytes that are read. What is null is not known yet, or never came to be known."""

    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    num_pages: int | None = None


class Progress(_Record):
    """Pages done (read or failed) and to do; the total is unknown until the document is open."""

    pages_done: int
    pages_total: int | None


class Queue(_Record):
    """Place in the queue, 1 for the next one, and seconds until the job ends, where known.

    `reason`: why it waits, where that is not for its turn.
    """

    position: int | None = None
    eta_s: float | None = None
    reason: str | None = None


class PageProblem(_Record):
    """A page that was not read, or not wholly."""

    page: int
    code: str
    detail: str


class Problem(_Record):
    """Why a job is partial or failed."""

    code: str
    detail: str
    pages: list[PageProblem] = []


class Timings(_Record):
    """Seconds: waiting, and summed over the pages loading, detection and recognition."""

    queued_s: float | None = None
    load_s: float | None = None
    detect_s: float | None = None
    recognize_s: float | None = None
    total_s: float | None = None


class Model(_Record):
    """The recogniser that read the document."""

    name: str
    version: str
    sha256: str


class SliceAttempt(_Record):
    """One worker's go at a slice: how it went, or that it is still going (no end, no outcome).

    `lost`: the worker died, or hung, and the slice went to another attempt; `released`: it was
    requeued; else `finished`, or how the job ended under it.
    """

    slice: int
    attempt: int
    worker: str
    started_at: Moment
    ended_at: Moment | None
    outcome: str | None


class Links(_Record):
    """Where to go from here."""

    self_: str = Field(alias="self", serialization_alias="self")
    result: str
    events: str

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Found(_Record):
    """Where something is in a document that was looked for: a line, and what it says there.

    Pages count from 1, lines from 0, as in the JSON of the page.
    """

    page: int
    line: int
    text: str


class Job(_Record):
    """The record about reading one document (design: HTTP API, the job)."""

    id: str
    tenant: str = Field(exclude=True)
    url: str | None = Field(exclude=True)  # of a document that has not been fetched
    status: Status
    batch_id: str | None = None
    custom_id: str | None = Field(default=None, description="the caller's name for it in its batch")
    position: int | None = Field(default=None, description="its place in its batch, from 1")
    rerun_of: str | None = Field(default=None, description="the job whose document it reads again")
    reused_from: str | None = Field(
        default=None, description="the earlier job from whose reading pages were taken"
    )
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    expires_at: Moment | None
    document: Document
    progress: Progress
    queue: Queue
    options: Options
    metadata: dict[str, Any]
    error: Problem | None
    timings: Timings
    model: Model | None
    num_corrections: int = Field(
        default=0, description="how often people have set something right in its result"
    )
    links: Links
    found: list[Found] | None = Field(
        default=None,
        exclude_if=lambda found: found is None,
        description="where its text has what `q` asks for; empty where its name alone has it",
    )
