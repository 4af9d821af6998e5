"""The results of a batch as lines of JSON, one for each document in its turn."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Literal

from api.batches.problems import problem_of
from api.http.grants import Grant
from api.jobs.fields import json_with_fields
from api.jobs.formats import stream_text
from api.jobs.stored import stored_pages
from api.services import Services
from shared import errors
from shared.corrections import Reading
from shared.errors import batches as batch_errors
from shared.jobs import Job, Status
from shared.store.batches.jobs import Item

_ITEMS = 100  # items of one round trip
_PIECE_BYTES = 64 * 1024
_LONGEST_S = 600  # then the client asks again, so that nothing is held for ever
_QUIET_S = 10  # proxies cut connections that say nothing for long
Form = Literal["json", "text"]


class Results:
    """The lines of one batch. No document is ever held whole."""

    def __init__(
        self,
        parts: Services,
        caller: Grant,
        batch_id: str,
        form: Form,
        reading: Reading,
        extract: str | None = None,
    ) -> None:
        self._parts = parts
        self._caller = caller
        self._batch_id = batch_id
        self._form = form
        self._reading = reading
        self._extract = extract

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
            first, content = b"", iter(())
        yield json.dumps(fields, ensure_ascii=False)[:-1].encode() + first
        yield from content
        yield b"}\n"

    def _content(self, job: Job | None) -> Iterator[bytes]:
        """What was read, as the line's last field. Raises JobGone."""
        if job is None:
            raise errors.JobGone  # since the item was looked at
        if self._form == "json":
            result = json_with_fields(
                self._parts, job, self._reading, self._extract, line_break=b""
            )
            return _prefixed(b', "result": ', result)
        pages = stored_pages(self._parts, job, self._reading)
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
