"""The job as the service tells it (design: HTTP API, the job), as frozen dataclasses.

Fields that this client does not know are passed over, so that an older client can talk to a newer
service. `from_json` raises KeyError, TypeError or ValueError when something that it needs is amiss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes that are read: what is known of them.

    `num_pages` is unknown until a worker has opened them, everything else but the name until a
    document that was named by its URL has been fetched.
    """

    name: str | None
    media_type: str | None
    size: int | None
    sha256: str | None
    num_pages: int | None

    @classmethod
    def from_json(cls, json: Json) -> Document:
        """Take the job's `document`."""
        return cls(
            name=json.get("name"),
            media_type=json.get("media_type"),
            size=json.get("size"),
            sha256=json.get("sha256"),
            num_pages=json.get("num_pages"),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """Pages done (read or failed) and pages to do, the latter unknown at first."""

    pages_done: int
    pages_total: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Place in the queue, 1 for the next one, and seconds until the job ends, where known."""

    position: int | None
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class PageProblem:
    """A page that was not read, or not wholly. Pages count from 1."""

    page: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a job is partial or failed."""

    code: str
    detail: str
    pages: tuple[PageProblem, ...]

    @classmethod
    def from_json(cls, json: Json) -> Problem:
        """Take the job's `error`."""
        pages = tuple(
            PageProblem(page["page"], page["code"], page["detail"])
            for page in json.get("pages") or ()
        )
        return cls(json["code"], json["detail"], pages)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: waiting, and summed over the pages loading, detection and recognition."""

    queued_s: float | None
    load_s: float | None
    detect_s: float | None
    recognize_s: float | None
    total_s: float | None

    @classmethod
    def from_json(cls, json: Json) -> Timings:
        """Take the job's `timings`."""
        return cls(*(json.get(name) for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class Model:
    """The recogniser that read the document."""

    name: str
    version: str
    sha256: str

    @classmethod
    def from_json(cls, json: Json | None) -> Model | None:
        """Take the `model` of a job or a result; there is none before a page was read."""
        return cls(json["name"], json["version"], json["sha256"]) if json else None


@dataclass(frozen=True, slots=True)
class Found:
    """Where something is that was looked for: pages count from 1, lines from 0."""

    page: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """The record about reading one document.

    `status` is one of `queued running succeeded partial failed canceled expired`. `found` says
    where in its text the `query` is by which it was found, if not in its name alone.
    """

    id: str
    status: str
    batch_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    document: Document
    progress: Progress
    queue: Queue
    options: Json
    metadata: Json
    error: Problem | None
    timings: Timings
    model: Model | None
    custom_id: str | None = None
    rerun_of: str | None = None
    reused_from: str | None = None
    found: tuple[Found, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the job has ended; its status changes no more."""
        return self.status not in ("queued", "running")

    @property
    def has_result(self) -> bool:
        """Whether at least one page was read."""
        return self.status in ("succeeded", "partial")

    @property
    def problems(self) -> tuple[PageProblem, ...]:
        """The pages that were not read, or not wholly."""
        return self.error.pages if self.error else ()

    @classmethod
    def from_json(cls, json: Json) -> Job:
        """Take the service's JSON of a job."""
        error, progress, queue = json.get("error"), json["progress"], json.get("queue") or {}
        return cls(
            id=json["id"],
            status=json["status"],
            batch_id=json.get("batch_id"),
            created_at=datetime.fromisoformat(json["created_at"]),
            started_at=moment(json.get("started_at")),
            finished_at=moment(json.get("finished_at")),
            expires_at=moment(json.get("expires_at")),
            document=Document.from_json(json["document"]),
            progress=Progress(progress["pages_done"], progress.get("pages_total")),
            queue=Queue(queue.get("position"), queue.get("eta_s")),
            options=json.get("options") or {},
            metadata=json.get("metadata") or {},
            error=Problem.from_json(error) if error else None,
            timings=Timings.from_json(json.get("timings") or {}),
            model=Model.from_json(json.get("model")),
            custom_id=json.get("custom_id"),
            rerun_of=json.get("rerun_of"),
            reused_from=json.get("reused_from"),
            found=tuple(
                Found(one["page"], one["line"], one["text"]) for one in json.get("found") or ()
            ),
        )


def moment(text: str | None) -> datetime | None:
    """Read a time of the service, where it gives one."""
    return datetime.fromisoformat(text) if text else None
