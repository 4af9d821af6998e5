"""A batch of jobs as the service tells it, and its items, as frozen dataclasses.

As with jobs, fields that this client does not know are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docchu.jobs import Json, Problem, Progress, moment
from docchu.result import Result

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs of a batch are in each state."""

    queued: int = 0
    running: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0

    @property
    def ended(self) -> int:
        """How many have ended, well or not."""
        return self.succeeded + self.partial + self.failed + self.canceled + self.expired

    @classmethod
    def from_json(cls, json: Json) -> Counts:
        """Take the batch's `counts`."""
        return cls(*(json.get(name, 0) for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class ItemProblem:
    """One of the first documents of a batch that could not be read, and why."""

    custom_id: str
    job_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Many jobs submitted as one.

    `status` is one of `open running finished canceled`. `unpacking`: documents of an upload still
    wait to become jobs. `problem`: why an upload as a whole could not be unpacked.
    """

    id: str
    status: str
    created_at: datetime
    closed_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    counts: Counts
    num_jobs: int
    unpacking: bool
    progress: Progress
    pages_per_s: float | None
    eta_s: float | None
    first_errors: tuple[ItemProblem, ...]
    problem: Problem | None
    options: Json
    metadata: Json

    @property
    def finished(self) -> bool:
        """Whether no more will come of it; `results` has everything."""
        if self.status == OPEN or self.unpacking:
            return False
        return self.status == "finished" or self.counts.ended >= self.num_jobs

    @classmethod
    def from_json(cls, json: Json) -> Batch:
        """Take the service's JSON of a batch."""
        progress, problem = json["progress"], json.get("problem")
        return cls(
            id=json["id"],
            status=json["status"],
            created_at=datetime.fromisoformat(json["created_at"]),
            closed_at=moment(json.get("closed_at")),
            finished_at=moment(json.get("finished_at")),
            expires_at=moment(json.get("expires_at")),
            counts=Counts.from_json(json["counts"]),
            num_jobs=json["num_jobs"],
            unpacking=bool(json.get("unpacking")),
            progress=Progress(progress["pages_done"], progress.get("pages_total")),
            pages_per_s=json.get("pages_per_s"),
            eta_s=json.get("eta_s"),
            first_errors=tuple(_item_problem(one) for one in json.get("first_errors") or ()),
            problem=Problem.from_json(problem) if problem else None,
            options=json.get("options") or {},
            metadata=json.get("metadata") or {},
        )


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one document of a batch.

    `position` counts from 1 in the order of submission. Of `text` and `json` (see `result`) there
    is the one that was asked for, if anything was read; `error` says what was not.
    """

    position: int
    custom_id: str
    job_id: str
    status: str
    error: Problem | None
    text: str | None = None
    json: Mapping[str, Any] | None = None

    @property
    def result(self) -> Result | None:
        """The pages, lines and words, where results were asked for with `form="json"`."""
        if self.json is None:
            return None
        return Result.from_json(self.json, self.error.pages if self.error else ())

    @classmethod
    def from_json(cls, json: Json) -> Item:
        """Take one line of a batch's results."""
        error = json.get("error")
        return cls(
            position=json["position"],
            custom_id=json["custom_id"],
            job_id=json["job_id"],
            status=json["status"],
            error=Problem.from_json(error) if error else None,
            text=json.get("text"),
            json=json.get("result"),
        )


def _item_problem(json: Json) -> ItemProblem:
    return ItemProblem(json["custom_id"], json["job_id"], json["code"], json["detail"])
