"""What happens to a job, as it happens: server-sent events that can be resumed.

After the HTML Living Standard, section 9.2. The events follow from the store alone: 0 is that the
job runs, `n` that the n-th page is finished, the last that the job is. So any process can go on
where another broke off.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

from flask import Blueprint, Response, request
from pydantic import BaseModel

from api.http.auth import authenticate, grant, tenant
from api.http.grants import Grant
from api.http.operations import EVENTS, operation
from api.jobs.views import KNOWN_JOB
from api.services import Services, services
from shared import errors
from shared.jobs import Job
from shared.store.jobs.records import PageRecord

events = Blueprint("events", __name__)
events.before_request(authenticate)

_LONGEST_S = 600  # then the client connects again, so that nothing is held for ever
_QUIET_S = 15  # proxies cut connections that say nothing for long
_NOTHING_SEEN = -1
_EVENT_ID = re.compile(r"[0-9]{1,9}", re.ASCII)


class PageFinished(BaseModel):
    """The data of `page.finished`; `code` and `detail` say what went wrong, if anything did."""

    page: int
    read: bool
    code: str | None
    detail: str | None


@events.get("/v1/jobs/<job_id>/events")
@operation(
    description="The events as they come",
    content={"text/event-stream": EVENTS},
    headers={"Last-Event-ID": {"type": "string", "description": "the event that was seen last"}},
    errors=KNOWN_JOB,
)
def follow_job(job_id: str) -> Response:
    """Follow a job by server-sent events

    `job.running`, `page.finished` for each page, `job.finished` with the job. With the header
    `Last-Event-ID` it goes on after that event.
    """
    parts = services()
    seen = _last_seen(request.headers.get("Last-Event-ID"), parts.jobs.get(tenant(), job_id))
    stream = _stream(parts, grant(), job_id, seen)
    # The first step takes the place to wait at, so that there is still time to say no.
    first = next(stream)
    answer = Response(_after(first, stream), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return answer


def _stream(parts: Services, caller: Grant, job_id: str, seen: int) -> Iterator[str]:
    with parts.waiters.place() as free:
        if not free:
            raise errors.Unavailable("Too many requests wait already: poll the job instead.")
        yield "retry: 1000\n\n"
        spoke_at = time.monotonic()
        for _ in parts.waiters.changes(caller, job_id, _LONGEST_S, every_s=_QUIET_S):
            job = parts.jobs.get(caller.tenant, job_id)
            for number, text in _news(parts, job, seen):
                yield text
                seen, spoke_at = number, time.monotonic()
            if job.status.terminal:
                return
            if time.monotonic() - spoke_at > _QUIET_S:
                yield ": still here\n\n"
                spoke_at = time.monotonic()


def _news(parts: Services, job: Job, seen: int) -> Iterator[tuple[int, str]]:
    """The events of a job after number `seen`, each with its own number."""
    if job.started_at and seen == _NOTHING_SEEN:
        yield 0, _event(0, "job.running", json.dumps({"job_id": job.id}))
    pages = parts.jobs.pages(job.tenant, job.id) if job.progress.pages_done > seen else {}
    for number, record in sorted(pages.items(), key=lambda item: item[1].order):
        if record.order > seen:
            yield record.order, _event(record.order, "page.finished", _page(number, record))
    if job.status.terminal:
        last = job.progress.pages_done + 1
        if last > seen:
            yield last, _event(last, "job.finished", job.model_dump_json(by_alias=True))


def _page(number: int, record: PageRecord) -> str:
    return PageFinished(
        page=number, read=record.blob is not None, code=record.code, detail=record.detail
    ).model_dump_json()


def _event(number: int, name: str, data: str) -> str:
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n"


def _after(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    try:
        yield from rest
    except (errors.JobGone, errors.Unauthorized, errors.Unavailable):
        return  # the client learns the reason when it connects again


def _last_seen(header: str | None, job: Job) -> int:
    """The number of the event that was seen last; what is no event of this job yet counts as none.

    Else the stream would wait for events behind it, and never tell the end.
    """
    number = int(header) if header and _EVENT_ID.fullmatch(header) else _NOTHING_SEEN
    last = job.progress.pages_done + (1 if job.status.terminal else 0)
    return number if number <= last else _NOTHING_SEEN
