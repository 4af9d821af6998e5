"""What was read of a batch: a line of JSON for each document in its turn, also while it runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Literal

from flask import Blueprint, Response, request
from pydantic import Field

from api.batches.archive import ZIP, stream_zip
from api.batches.problems import problem_of
from api.http.auth import authenticate, grant, tenant
from api.http.grants import Grant
from api.http.operations import BINARY, TEXT, NoQuery, operation
from api.jobs.fields import json_with_fields
from api.jobs.formats import FormatName, stream_text
from api.jobs.results import stored_pages
from api.services import Services, services
from shared import errors
from shared.batches import Batch
from shared.errors import batches as batch_errors
from shared.jobs import Job, Status
from shared.store.batches.jobs import Item

batch_results = Blueprint("batch_results", __name__)
batch_results.before_request(authenticate)

NDJSON = "application/x-ndjson"
_ITEMS = 100  # items of one round trip
_PIECE_BYTES = 64 * 1024
_LONGEST_S = 600  # then the client asks again, so that nothing is held for ever
_QUIET_S = 10  # proxies cut connections that say nothing for long
Form = Literal["json", "text"]
Container = Literal["json", "text", "zip"]


class BatchResultsQuery(NoQuery):
    """Which results, and in which form."""

    format: Container | None = Field(
        default=None,
        description="`json` (default): each line has the `result`; `text`: the `text`; `zip`, or "
        "the header `Accept: application/zip`: one zip with a file for each document",
    )
    as_: FormatName = Field(default="text", alias="as", description="what the files of a zip are")
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

    As a zip: each document's result in the format `as` (text), in a file under its own name and
    folders, once the batch has ended; `errors.csv` in it names what was not read, not wholly, or is
    not to be had in the format.
    """
    parts, owner = services(), tenant()
    if _wants_zip(query):
        return _zip(parts, parts.batches.get(owner, batch_id), query)
    parts.batches.check(owner, batch_id)
    form: Form = "text" if query.format == "text" else "json"
    results = Results(parts, grant(), batch_id, form)
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
    answer = Response(stream_zip(parts, grant(), batch, query.as_), mimetype=ZIP)
    answer.headers["Content-Disposition"] = f'attachment; filename="{batch.id}.zip"'
    return answer


class Results:
    """The lines of one batch. No document is ever held whole."""

    def __init__(self, parts: Services, caller: Grant, batch_id: str, form: Form) -> None:
        self._parts = parts
        self._caller = caller
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
            with suppress(batch_errors.BatchGone, errors.Unauthorized):
                yield from self._followed(after, time.monotonic() + _LONGEST_S)

    def _followed(self, after: int, deadline: float) -> Iterator[bytes]:
        while (left_s := deadline - time.monotonic()) > 0 and not self._parts.waiters.stopped:
            over, items = self._is_over(), self._items(after)
            ended = list(_ended(items))
            if ended:
                yield from self._lines(ended)
                after = ended[-1].position
            elif over:
                return
            else:
                awaited = items[0].job_id if items else self._batch_id
                yield from self._until_more(after, awaited, left_s)

    def _until_more(self, after: int, awaited: str, left_s: float) -> Iterator[bytes]:
        """Empty lines until the document that is next has ended, or another is next."""
        for _ in self._parts.waiters.changes(
            self._caller, awaited, left_s, every_s=_QUIET_S, ends_only=True
        ):
            items = self._items(after, 1)
            if items and (items[0].status.terminal or items[0].job_id != awaited):
                return
            if self._is_over():
                return
            yield b"\n"

    def _is_over(self) -> bool:
        return self._parts.batches.get(self._caller.tenant, self._batch_id).status.terminal

    def _items(self, after: int, limit: int = _ITEMS) -> list[Item]:
        return self._parts.batch_jobs.items(self._batch_id, after, limit)

    def _lines(self, items: list[Item]) -> Iterator[bytes]:
        read = [item.job_id for item in items if item.status.has_result]
        jobs = {job.id: job for job in self._parts.jobs.of_ids(read)}
        for item in items:
            yield from _gathered(self._line(item, jobs.get(item.job_id)))

    def _line(self, item: Item, job: Job | None) -> Iterator[bytes]:
        """One line in pieces. Past its first page, an erased document breaks the answer off."""
        fields: dict[str, Any] = {
            "position": item.position,
            "custom_id": item.custom_id,
            "job_id": item.job_id,
            "status": item.status,
            "error": problem_of(item),
        }
        content: Iterator[bytes] = iter(())
        try:
            if item.status.has_result:
                content = self._content(job)
            first = next(content, b"")
        except errors.JobGone as error:
            fields |= {"status": Status.EXPIRED, "custom_id": None}
            fields["error"] = {"code": error.code, "detail": error.detail}
            first = b""
        yield json.dumps(fields, ensure_ascii=False)[:-1].encode() + first
        yield from content
        yield b"}\n"

    def _content(self, job: Job | None) -> Iterator[bytes]:
        """What was read, as the line's last field. Raises JobGone."""
        if job is None:
            raise errors.JobGone  # since the item was looked at
        pages = stored_pages(self._parts, job)
        if self._form == "json":
            return _prefixed(
                b', "result": ', json_with_fields(self._parts, job, pages, line_break=b"")
            )
        return chain(_prefixed(b', "text": "', _escaped(stream_text(job, pages))), [b'"'])


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth sending; a short line is one."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= _PIECE_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _prefixed(prefix: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, the first of them after the prefix."""
    yield prefix + next(pieces, b"")
    yield from pieces


def _escaped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Text as it stands between the quotes of JSON."""
    for piece in pieces:
        yield json.dumps(piece.decode(), ensure_ascii=False)[1:-1].encode()


def _ended(items: list[Item]) -> Iterator[Item]:
    for item in items:
        if not item.status.terminal:
            return
        yield item


def _answer(stream: Iterator[bytes]) -> Response:
    answer = Response(stream, mimetype=NDJSON)
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would hold the lines back
    return answer
