"""The results of a batch as one zip: a file for each document, under the names that came in.

Nothing of it is held: entries go out as they are packed, and grow the directory at the end.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import Literal

from api.batches.problems import problem_of
from api.batches.zip_names import ZipNames
from api.batches.zip_writer import ZipWriter
from api.jobs.formats import FORMATS
from api.jobs.results import stored_pages
from api.services import Services
from shared import errors
from shared.batches import Batch
from shared.jobs import Job
from shared.store.batches.jobs import Item

ZIP = "application/zip"
ERRORS = "errors.csv"
"""The file that names what was not read, or not wholly. No document's file can be called so."""

_HEADINGS = ("custom_id", "status", "code", "detail")
_ITEMS = 100  # of one round trip
_PIECE_BYTES = 64 * 1024
_MEMORY_BYTES = 1 << 20  # of the errors, before they go to disk
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Form = Literal["json", "text"]


def stream_zip(parts: Services, batch: Batch, form: Form) -> Iterator[bytes]:
    """The zip of a batch that has ended, piece by piece.

    Every document with a result is `<its path>.txt` or `.json`; the others, and those of which some
    pages could not be read, stand in `errors.csv`.
    """
    return _Zipping(parts, batch, form).pieces()


class _Zipping:
    def __init__(self, parts: Services, batch: Batch, form: Form) -> None:
        self._parts = parts
        self._batch = batch
        self._format = FORMATS[form]
        self._names = ZipNames()
        self._out = bytearray()

    def pieces(self) -> Iterator[bytes]:
        with tempfile.SpooledTemporaryFile(_MEMORY_BYTES) as failed:
            writer = ZipWriter(self._out.extend, deflate=True)
            try:
                for item, job in self._items():
                    if not (yield from self._document(writer, item, job)) or item.code:
                        failed.write(_row(item))
                if failed.tell():
                    failed.seek(0)
                    rows = iter(lambda: failed.read(_PIECE_BYTES), b"")
                    yield from self._entry(writer, ERRORS, chain([_csv(*_HEADINGS)], rows))
                writer.close()
                yield bytes(self._out)
            finally:
                writer.drop()

    def _items(self) -> Iterator[tuple[Item, Job | None]]:
        after = 0
        while items := self._parts.batch_jobs.items(self._batch.id, after, _ITEMS):
            read = [item.job_id for item in items if item.status.has_result]
            jobs = {job.id: job for job in self._parts.jobs.of_ids(read)}
            for item in items:
                yield item, jobs.get(item.job_id)
            after = items[-1].position

    def _document(
        self, writer: ZipWriter, item: Item, job: Job | None
    ) -> Generator[bytes, None, bool]:
        """Write a document's file; whether there is one."""
        stream = self._format.stream
        if job is None or stream is None:
            return False
        try:
            pieces = stream(job, stored_pages(self._parts, job))
            first = [piece for _, piece in zip(range(2), pieces, strict=False)]
        except errors.JobGone:
            return False  # erased this moment
        name = self._names.take(item.custom_id or job.id, f".{self._format.suffix}")
        yield from self._entry(writer, name, chain(first, pieces))
        return True

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


def _row(item: Item) -> bytes:
    problem = problem_of(item) or {}
    code, detail = problem.get("code") or "job_gone", problem.get("detail") or ""
    return _csv(item.custom_id or item.job_id, item.status, code, detail)


def _csv(*cells: str) -> bytes:
    """A row in which no cell is a formula to a spreadsheet (OWASP: CSV injection)."""
    line = io.StringIO()
    csv.writer(line).writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return line.getvalue().encode()
