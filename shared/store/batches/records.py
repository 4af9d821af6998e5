"""The hash of a batch as the store keeps it, turned into the `Batch` that the API shows.

Fields: `tenant options metadata` (JSON) `created closed finished canceled gone touched` (ms; the
last is when something was added) `result_ttl tombstone_ttl` (ms) `last` place of a job, `uploads`
that wait, `code detail` of its problem, `run` (from 1; a retry begins another), `event` (the id of
the event of this run's end), `ends` how often it ended; `bulk` (`cancel`, `retry` or `erase`) while
all its jobs are gone through, `bulk_at` to which place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.batches import Batch, BatchError, BatchLinks, BatchProblem, BatchStatus, Counts
from shared.ids import new_id
from shared.jobs import Progress, moment
from shared.options import BatchOptions
from shared.store.jobs.records import metadata_of

Hash = Mapping[str, str]
STATES = tuple(Counts.model_fields)
COUNTS = (*STATES, "left", "done", "began", "last", "gap", "errors")
"""Everything that is counted of a batch."""


@dataclass(frozen=True)
class NewBatch:
    """What is known when a batch is created. The `ttl`s are seconds."""

    tenant: str
    options: BatchOptions
    result_ttl_s: int
    tombstone_ttl_s: int
    metadata: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("bat"))

    def record(self) -> str:
        """The fields of the hash, as flat JSON."""
        return json.dumps(
            {
                "tenant": self.tenant,
                "options": self.options.model_dump_json(exclude_none=True),
                "metadata": json.dumps(self.metadata, ensure_ascii=False),
                "result_ttl": self.result_ttl_s * 1000,
                "tombstone_ttl": self.tombstone_ttl_s * 1000,
                "event": new_id("evt"),
            }
        )


def batch_of(batch_id: str, record: Hash, counted: Hash, errors: list[BatchError]) -> Batch:
    """Put the batch together from its hash and its counts, by their names in `COUNTS`."""
    finished = record.get("finished")
    expires = int(finished) + int(record["result_ttl"]) if finished else None
    counts = Counts(**{name: int(counted.get(name, 0)) for name in STATES})
    done, left = int(counted.get("done", 0)), int(counted.get("left", 0))
    rate = _pages_per_s(record, counted, done)
    return Batch(
        id=batch_id,
        tenant=record["tenant"],
        status=_status(record),
        created_at=moment(record["created"]),
        closed_at=moment(record["closed"]) if "closed" in record else None,
        finished_at=moment(finished) if finished else None,
        expires_at=moment(expires) if expires else None,
        counts=counts,
        num_jobs=counts.total,
        unpacking=int(record.get("uploads", 0)) > 0,
        progress=Progress(pages_done=done, pages_total=done + left),
        pages_per_s=rate,
        eta_s=left / rate if rate and not finished else None,
        first_errors=errors,
        problem=_problem(record),
        options=BatchOptions.model_validate_json(record["options"]),
        metadata=metadata_of(record["metadata"]),
        links=_links(batch_id),
    )


def _status(record: Hash) -> BatchStatus:
    if "finished" in record:
        return BatchStatus.CANCELED if "canceled" in record else BatchStatus.FINISHED
    return BatchStatus.RUNNING if "closed" in record else BatchStatus.OPEN


def _pages_per_s(record: Hash, counted: Hash, done: int) -> float | None:
    """The rate of late, or of the whole run once it is over."""
    if done == 0:
        return None
    if "finished" in record and "began" in counted:
        took_ms = int(record["finished"]) - int(counted["began"])
        return round(1000 * done / max(took_ms, 1), 3)
    return round(1000 / max(float(counted["gap"]), 0.1), 3) if "gap" in counted else None


def _problem(record: Hash) -> BatchProblem | None:
    if "code" not in record:
        return None
    return BatchProblem(code=record["code"], detail=record.get("detail", ""))


def _links(batch_id: str) -> BatchLinks:
    path = f"/v1/batches/{batch_id}"
    return BatchLinks(self=path, jobs=f"{path}/jobs", results=f"{path}/results")
