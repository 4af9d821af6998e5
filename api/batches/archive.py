"""The results of a batch as one zip: a file for each document, under the names that came in.

Nothing of it is held: entries go out as they are packed, and grow the directory at the end.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from api.batches.problems import problem_of
from api.batches.zip_names import ZipNames
from api.batches.zip_writer import ZipWriter
from api.http.grants import Grant
from api.jobs.fields import stream_of
from api.jobs.formats import FORMATS, Format, FormatName, format_of
from api.jobs.searchable import made_result
from api.server.aside import aside
from api.services import Services
from shared import errors
from shared.batches import Batch
from shared.corrections import Reading
from shared.errors import DocchuError
from shared.formats.office.spreadsheet import csv_row
from shared.jobs import Job
from shared.store.batches.jobs import Item

ZIP = "application/zip"
ERRORS = "errors.csv"
"""The file that names what was not read, or not wholly. No document's file can be called so."""

_HEADINGS = ("custom_id", "status", "code", "detail")
_ITEMS = 100  # of one round trip
_PIECE_BYTES = 64 * 1024
_MEMORY_BYTES = 1 << 20  # of the errors, before they go to disk


def stream_zip(
    parts: Services, caller: Grant, batch: Batch, form: FormatName, reading: Reading
) -> Iterator[bytes]:
    """The zip of a batch that has ended, piece by piece.

    Every document with a result is a file, such as `<its path>.txt`. The others, those of which
    pages could not be read, and those that are not to be had in the format, are in `errors.csv`.
    """
    return _Zipping(parts, caller, batch, form, reading).pieces()


def items_of(parts: Services, batch_id: str) -> Iterator[tuple[Item, Job | None]]:
    """The documents of a batch in their turn, each with its job if that has a result."""
    after = 0
    while items := parts.batch_jobs.items(batch_id, after, _ITEMS):
        read = [item.job_id for item in items if item.status.has_result]
        jobs = {job.id: job for job in parts.jobs.of_ids(read)}
        for item in items:
            yield item, jobs.get(item.job_id)
        after = items[-1].position


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """A file in pieces; it is closed then."""
    with file:
        while piece := aside(file.read, _PIECE_BYTES):
            yield piece


class _Zipping:
    def __init__(
        self, parts: Services, caller: Grant, batch: Batch, form: FormatName, reading: Reading
    ) -> None:
        self._parts = parts
        self._caller = caller
        self._batch = batch
        self._form = form
        self._reading = reading
        self._names = ZipNames()
        self._out = bytearray()

    def pieces(self) -> Iterator[bytes]:
        with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as failed:
            writer = ZipWriter(self._out.extend, deflate=True)
            try:
                for item, job in items_of(self._parts, self._batch.id):
                    problem = yield from self._document(writer, item, job)
                    if problem or item.code:
                        failed.write(_row(item, problem))
                if failed.tell():
                    failed.seek(0)
                    rows = iter(lambda: failed.read(_PIECE_BYTES), b"")
                    yield from self._entry(writer, ERRORS, chain([csv_row(_HEADINGS)], rows))
                writer.close()
                yield bytes(self._out)
            finally:
                writer.drop()

    def _document(
        self, writer: ZipWriter, item: Item, job: Job | None
    ) -> Generator[bytes, None, DocchuError | None]:
        """Write a document's file; why there is none."""
        if job is None:
            return errors.JobGone()
        try:
            chosen, pieces = self._content(job)
            first = [piece for _, piece in zip(range(2), pieces, strict=False)]
        except (errors.JobGone, errors.FormatNotAvailable, errors.Unavailable) as error:
            return error  # erased this moment; or without a table
        name = self._names.take(item.custom_id or job.id, f".{chosen.suffix}")
        yield from self._entry(writer, name, chain(first, pieces))
        return None

    def _content(self, job: Job) -> tuple[Format, Iterator[bytes]]:
        chosen = FORMATS[self._form]
        if chosen.stream is not None:
            return chosen, stream_of(self._parts, job, self._form, self._reading)
        with made_result(self._parts, self._caller, job, self._form, self._reading) as path:
            return format_of(self._form, path), pieces_of(path.open("rb"))

    def _entry(self, writer: ZipWriter, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        writer.begin(name)
        for piece in pieces:
            writer.data(piece)
            if len(self._out) >= _PIECE_BYTES:
                yield self._flush()
        writer.end()
        if len(self._out) >= _PIECE_BYTES:
            yield self._flush()

    def _flush(self) -> bytes:
        data = bytes(self._out)
        self._out.clear()
        return data


def _row(item: Item, none: DocchuError | None) -> bytes:
    problem = problem_of(item) or {}
    code = problem.get("code") or (none.code if none else "")
    detail = problem.get("detail") or (none.detail if none else "")
    return csv_row((item.custom_id or item.job_id, item.status, code, detail))
