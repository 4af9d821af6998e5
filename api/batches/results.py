"""What was read of a batch: a line of JSON for each document in its turn, also while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Literal

from flask import Blueprint, Response, request
from pydantic import Field

from api.batches.archive import ZIP, stream_zip
from api.batches.problems import problem_of
from api.http.auth import authenticate, tenant
from api.http.operations import BINARY, TEXT, NoQuery, operation
from api.jobs.formats import FORMATS
from api.jobs.results import stored_pages
from api.services import Services, services
from shared import batch_errors, errors
from shared.batches import Batch
from shared.jobs import Job, Status
from shared.store.batches.jobs import Item

batch_results = Blueprint("batch_results", __name__)
batch_results.before_request(authenticate)

NDJSON = "application/x-ndjson"
_PIECE = 100  # items of one round trip
_LONGEST_S = 600  # then the client asks again, so that no thread is held for ever
_QUIET_S = 10  # proxies cut connections that say nothing for long
_LOOK_S = 2.0  # between two looks at a batch that is still open
Form = Literal["json", "text"]
Container = Literal["json", "text", "zip"]


class BatchResultsQuery(NoQuery):
    """Which results, and in which form."""

    format: Container | None = Field(
        default=None,
        description="`json` (default): each line has the `result`; `text`: the `text`; `zip`, or "
        "the header `Accept: application/zip`: one zip with a file for each document",
    )
    as_: Form = Field(default="text", alias="as", description="what the files of a zip are")
    after: int = Field(default=0, ge=0, description="only what is behind this `position`")
    follow: bool = Field(
        default=False,
        description="wait for each document in turn, until the batch has ended; empty lines while "
        "nothing happens",
    )


@batch_results.get("/v1/batches/<batch_id>/results")
@operation(
    description="A line of JSON for each document",
    content={NDJSON: TEXT, ZIP: BINARY},
    query=BatchResultsQuery,
    errors=(
        batch_errors.BatchNotFound,
        batch_errors.BatchGone,
        batch_errors.BatchNotFinished,
    ),
)
def show_batch_results(batch_id: str, query: BatchResultsQuery) -> Response:
    """Get the results of a batch

    One JSON object a line, in the order of submission: `position`, `custom_id`, `job_id`, `status`,
    `error` (`code`, `detail`, or null) and, where something was read, `result` or `text`. What has
    not ended yet is a line, too. With `follow` each line comes as soon as its document and all
    before it have ended; the answer ends with the batch, or after ten minutes: `after` goes on.

    As a zip: the text (or JSON) of each document in a file under its own name and folders, once the
    batch has ended; `errors.csv` in it names what was not read, or not wholly.
    """
    parts, owner = services(), tenant()
    if _wants_zip(query):
        return _zip(parts, parts.batches.get(owner, batch_id), query)
    parts.batches.check(owner, batch_id)
    form: Form = "text" if query.format == "text" else "json"
    results = Results(parts, owner, batch_id, form)
    if not query.follow:
        return _answer(results.so_far(query.after))
    stream = results.following(query.after)
    # The first step takes the place to wait at, so that there is still time to say no.
    next(stream)
    return _answer(stream)


def _wants_zip(query: BatchResultsQuery) -> bool:
    if query.format is not None:
        return query.format == "zip"
    return request.accept_mimetypes.best_match([NDJSON, ZIP], NDJSON) == ZIP


def _zip(parts: Services, batch: Batch, query: BatchResultsQuery) -> Response:
    if query.follow or query.after:
        option = "follow" if query.follow else "after"
        raise errors.InvalidOption(
            "A zip is whole: ask without `follow` and `after`.", option=option
        )
    if not batch.status.terminal:
        raise batch_errors.BatchNotFinished(batch_status=batch.status, eta_s=batch.eta_s)
    answer = Response(stream_zip(parts, batch, query.as_), mimetype=ZIP)
    answer.headers["Content-Disposition"] = f'attachment; filename="{batch.id}.zip"'
    return answer


class Results:
    """The lines of one batch."""

    def __init__(self, parts: Services, owner: str, batch_id: str, form: Form) -> None:
        self._parts = parts
        self._owner = owner
        self._batch_id = batch_id
        self._form = form

    def so_far(self, after: int) -> Iterator[bytes]:
        """A line for each document as it stands."""
        while items := self._items(after):
            yield from self._lines(items)
            after = items[-1].position

    def following(self, after: int) -> Iterator[bytes]:
        """Nothing at first, then a line for each document once it has ended."""
        with self._parts.waiters.place() as free:
            if not free:
                raise errors.Unavailable("Too many requests wait already: ask without `follow`.")
            yield b""
            deadline, spoke_at = time.monotonic() + _LONGEST_S, time.monotonic()
            while time.monotonic() < deadline and not self._parts.waiters.stopping():
                try:
                    over = self._parts.batches.get(self._owner, self._batch_id).status.terminal
                except batch_errors.BatchGone:
                    return
                items = self._items(after)
                ended = list(_ended(items))
                if ended:
                    yield from self._lines(ended)
                    after, spoke_at = ended[-1].position, time.monotonic()
                elif over:
                    return
                else:
                    self._wait(items)
                if time.monotonic() - spoke_at > _QUIET_S:
                    yield b"\n"
                    spoke_at = time.monotonic()

    def _wait(self, items: list[Item]) -> None:
        """Wait a moment for the document that is next, or for one to come."""
        if not items:
            self._parts.batches.wait(self._owner, self._batch_id, _LOOK_S)
            return
        try:
            self._parts.jobs.wait(self._owner, items[0].job_id, _LOOK_S)
        except (errors.JobGone, errors.JobNotFound):
            return  # erased, or replaced, this moment: the next look sees it

    def _items(self, after: int) -> list[Item]:
        return self._parts.batch_jobs.items(self._batch_id, after, _PIECE)

    def _lines(self, items: list[Item]) -> Iterator[bytes]:
        read = [item.job_id for item in items if item.status.has_result]
        jobs = {job.id: job for job in self._parts.jobs.of_ids(read)}
        for item in items:
            yield self._line(item, jobs.get(item.job_id))

    def _line(self, item: Item, job: Job | None) -> bytes:
        fields = {
            "position": item.position,
            "custom_id": item.custom_id,
            "job_id": item.job_id,
            "status": item.status,
            "error": problem_of(item),
        }
        try:
            if item.status.has_result:
                fields |= self._content(job)
        except errors.JobGone as error:
            fields |= {"status": Status.EXPIRED, "custom_id": None}
            fields["error"] = {"code": error.code, "detail": error.detail}
        return json.dumps(fields, ensure_ascii=False).encode() + b"\n"

    def _content(self, job: Job | None) -> dict[str, Any]:
        if job is None:
            raise errors.JobGone  # since the item was looked at
        stream = FORMATS[self._form].stream
        assert stream is not None
        data = b"".join(stream(job, stored_pages(self._parts, job)))
        return {"text": data.decode()} if self._form == "text" else {"result": json.loads(data)}


def _ended(items: list[Item]) -> Iterator[Item]:
    for item in items:
        if not item.status.terminal:
            return
        yield item


def _answer(stream: Iterator[bytes]) -> Response:
    answer = Response(stream, mimetype=NDJSON)
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would hold the lines back
    return answer
