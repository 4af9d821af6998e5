"""The hash of a job as the store keeps it, turned into the `Job` that the API shows.

Fields: `tenant lane flow need status` `created started finished` (ms) `document options metadata
model` (JSON) `num_pages total done failed flawed next cancel code detail` `load detect recognize`
(ms) `input_ttl result_ttl tombstone_ttl timeout` (ms) `batch custom_id position` (its place there),
`rerun_of` (the job whose document it reads again), `reused_from` (one that had read it), `event`
(the id of the event of its end), `ends` how often it ended, `corrected` how often something was set
right and `corrected_bytes` how much is kept of that, `request` (the id of the request that made it,
for the log), `trace` (its `traceparent`, if there are traces), `url` (of a document that has not
been fetched), `fetches` how often that was begun, `requeued` (the job that an operator had made of
it; empty: that could not be done).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import DocchuError
from shared.ids import new_id
from shared.incoming import strict_json
from shared.jobs import (
    Document,
    Job,
    Links,
    Model,
    PageProblem,
    Problem,
    Progress,
    Queue,
    SliceAttempt,
    Status,
    Timings,
    moment,
)
from shared.media import ONE_PAGE
from shared.options import Options
from shared.store.needs import need_of

Hash = Mapping[str, str]
_MOST_NESTED = 200  # pydantic writes 254 levels; metadata may have stood in others


@dataclass(frozen=True)
class NewJob:
    """What is known when a job is created. The `ttl`s are seconds."""

    id: str
    tenant: str
    document: Document
    options: Options
    input_ttl_s: int
    result_ttl_s: int
    tombstone_ttl_s: int
    metadata: dict[str, Any] = field(default_factory=dict)
    # A job ends once, so the id of that event can be made here; None: nobody is told of its end.
    event_id: str | None = field(default_factory=lambda: new_id("evt"))
    batch_id: str | None = None
    custom_id: str = ""
    # The request that made it: what its worker logs can be found by it.
    request_id: str | None = None
    # Its `traceparent`, so that the reading is a part of the caller's trace.
    trace: str | None = None
    # Where the document is, if it is to be fetched.
    url: str | None = None
    # The job whose document it reads again.
    rerun_of: str | None = None
    # Why the document cannot be taken: the job fails as it is created.
    refusal: DocchuError | None = None

    def record(self) -> str:
        """The fields of the hash, as flat JSON."""
        record = {
            "tenant": self.tenant,
            "lane": self.options.priority,
            "flow": self.batch_id or self.tenant,
            "need": need_of(self.options, self.document.media_type),
            "document": self.document.model_dump_json(exclude_none=True),
            "options": self.options.model_dump_json(exclude_none=True),
            "metadata": json.dumps(self.metadata, ensure_ascii=False),
            "input_ttl": min(self.input_ttl_s, self.result_ttl_s) * 1000,
            "result_ttl": self.result_ttl_s * 1000,
            "tombstone_ttl": self.tombstone_ttl_s * 1000,
        }
        if self.options.timeout_s is not None:
            record["timeout"] = self.options.timeout_s * 1000
        if has_one_page(self.document, self.options):
            record |= {"num_pages": 1, "total": 1}
        if self.event_id:
            record["event"] = self.event_id
        if self.request_id:
            record["request"] = self.request_id
        if self.trace:
            record["trace"] = self.trace
        if self.batch_id:
            record |= {"batch": self.batch_id, "custom_id": self.custom_id}
        if self.url:
            record["url"] = self.url
        if self.rerun_of:
            record["rerun_of"] = self.rerun_of
        if self.refusal:
            record |= {"code": self.refusal.code, "detail": self.refusal.detail}
        return json.dumps(record)


def has_one_page(document: Document, options: Options) -> bool:
    """Whether it is known, without opening the document, that its one page is to be read."""
    return document.media_type in ONE_PAGE and not options.pages


@dataclass(frozen=True)
class PageRecord:
    """What became of one page: the name of its result's blob, or what went wrong, or both.

    `order` counts from 1 as the pages finish; the store sets it. `print` tells which words may be
    on it (`shared/searching.py`); it is kept apart.
    """

    blob: str | None
    code: str | None = None
    detail: str | None = None
    order: int = 0
    print: str = ""

    @classmethod
    def parse(cls, text: str) -> PageRecord:
        """Read the store's JSON."""
        fields = json.loads(text)
        return cls(fields.get("b"), fields.get("c"), fields.get("d"), fields["n"])

    def dump(self) -> str:
        """Write the store's JSON."""
        fields = {"b": self.blob, "c": self.code, "d": self.detail}
        return json.dumps({name: value for name, value in fields.items() if value is not None})


def page_problems(pages: Hash) -> list[PageProblem]:
    """The pages that were not read, or not wholly, in their order."""
    records = ((int(number), PageRecord.parse(text)) for number, text in pages.items())
    return [
        PageProblem(page=number, code=record.code, detail=record.detail or "")
        for number, record in sorted(records, key=lambda item: item[0])
        if record.code
    ]


def attempts(ended: Iterable[str], slices: Hash) -> list[SliceAttempt]:
    """The attempts that ended, and those that the unfinished slices tell of, by their start."""
    found = [json.loads(entry) for entry in ended]
    for index, text in slices.items():
        fields = json.loads(text)
        if fields["s"] == "l":
            found.append([index, fields["a"], fields["o"], fields["t"], None, None])
    return [
        SliceAttempt(
            slice=int(index),
            attempt=attempt,
            worker=worker,
            started_at=moment(start),
            ended_at=moment(end) if end else None,
            outcome=outcome,
        )
        for index, attempt, worker, start, end, outcome in sorted(found, key=lambda item: item[3])
    ]


def metadata_of(text: str) -> dict[str, Any]:
    """What a caller gave; nothing of what 0.1.0 took and is nested too deep to be shown."""
    metadata: dict[str, Any] = json.loads(text)
    return metadata if strict_json.depth(metadata) <= _MOST_NESTED else {}


def job_of(job_id: str, record: Hash, problems: list[PageProblem], queue: Queue) -> Job:
    """Put the job together from its hash."""
    document = Document.model_validate_json(record["document"])
    if "num_pages" in record:
        document = document.model_copy(update={"num_pages": int(record["num_pages"])})
    finished = record.get("finished")
    expires = int(finished) + int(record["result_ttl"]) if finished else None
    return Job(
        id=job_id,
        tenant=record["tenant"],
        url=record.get("url"),
        status=Status(record["status"]),
        batch_id=record.get("batch"),
        custom_id=record.get("custom_id"),
        position=int(record["position"]) if "position" in record else None,
        rerun_of=record.get("rerun_of"),
        reused_from=record.get("reused_from"),
        created_at=moment(record["created"]),
        started_at=moment(record["started"]) if "started" in record else None,
        finished_at=moment(finished) if finished else None,
        expires_at=moment(expires) if expires else None,
        document=document,
        progress=_progress(record),
        queue=queue,
        options=Options.model_validate_json(record["options"]),
        metadata=metadata_of(record["metadata"]),
        error=_problem(record, problems),
        timings=_timings(record),
        model=Model.model_validate_json(record["model"]) if "model" in record else None,
        num_corrections=int(record.get("corrected", 0)),
        links=_links(job_id),
    )


def _links(job_id: str) -> Links:
    path = f"/v1/jobs/{job_id}"
    return Links(self=path, result=f"{path}/result", events=f"{path}/events")


def _progress(record: Hash) -> Progress:
    done = int(record.get("done", 0)) + int(record.get("failed", 0))
    total = int(record["total"]) if "total" in record else None
    return Progress(pages_done=done, pages_total=total)


def _problem(record: Hash, problems: list[PageProblem]) -> Problem | None:
    if "code" not in record:
        return None
    return Problem(code=record["code"], detail=record["detail"], pages=problems)


def _timings(record: Hash) -> Timings:
    def between(start: str, end: str) -> float | None:
        if start not in record or end not in record:
            return None
        return (int(record[end]) - int(record[start])) / 1000

    def summed(name: str) -> float | None:
        return int(record[name]) / 1000 if name in record else None

    return Timings(
        queued_s=between("created", "started"),
        load_s=summed("load"),
        detect_s=summed("detect"),
        recognize_s=summed("recognize"),
        total_s=between("created", "finished"),
    )
