"""The files of one run of `docchu ingest` and how they stand: a passing table beside the journal.

`found` holds a file by its name; `skipped`: it is no document; `code`, `detail`: why it could not
be read or its result not be written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docchu.files.database import Database
from docchu.files.walking import Found

_SCHEMA = """
CREATE TEMP TABLE found (
    name BLOB PRIMARY KEY, path BLOB, size INTEGER, mtime_ns INTEGER,
    skipped INTEGER NOT NULL DEFAULT 0, code TEXT, detail TEXT)
"""
_JOINED = (
    " FROM found LEFT JOIN files ON files.name = found.name"
    " LEFT JOIN contents ON contents.sha256 = files.sha256"
)
_PIECE = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that was not read, or not wholly (then `status` is `partial`)."""

    name: str
    status: str
    code: str
    detail: str


class Findings:
    """The files of this run. Usable by several threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.do(_SCHEMA)

    def add(self, files: Iterable[Found]) -> None:
        """Note the files of this run."""
        with self._database.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO found (name, path, size, mtime_ns, code, detail)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                map(_row, files),
            )

    def to_do(self) -> Iterator[Found]:
        """Give the files that may be documents and can be read, as far as is known."""
        last = b""
        while True:
            # In pieces, so that others write meanwhile.
            rows = self._database.all(
                "SELECT name, path, size, mtime_ns FROM found"
                " WHERE name > ? AND skipped = 0 AND code IS NULL ORDER BY name LIMIT ?",
                *(last, _PIECE),
            )
            for name, path, size, mtime_ns in rows:
                yield Found(os.fsdecode(name), os.fsdecode(path), size, mtime_ns)
            if len(rows) < _PIECE:
                return
            last = rows[-1][0]

    def skip(self, name: str) -> None:
        """Note that a file is no document."""
        self._database.do("UPDATE found SET skipped = 1 WHERE name = ?", os.fsencode(name))

    def fail(self, name: str, code: str, detail: str) -> None:
        """Note why a file could not be read, or its result not be written, in this run."""
        self._database.do(
            "UPDATE found SET code = ?, detail = ? WHERE name = ?",
            *(code, detail, os.fsencode(name)),
        )

    def counts(self) -> dict[str, int]:
        """Count the files by their job's status, `waiting` (none yet), `unreadable`, `skipped`."""
        rows = self._database.all(
            "SELECT CASE WHEN skipped THEN 'skipped' WHEN found.code IS NOT NULL THEN 'unreadable'"
            f" ELSE coalesce(contents.status, 'waiting') END AS state, count(*) {_JOINED}"
            " GROUP BY state"
        )
        return dict(rows)

    def num_contents(self) -> int:
        """How many different documents the files are."""
        row = self._database.one(f"SELECT count(DISTINCT files.sha256) {_JOINED} WHERE NOT skipped")
        return int(row[0])

    def failures(self) -> Iterator[Failure]:
        """Give the files that were not wholly read, by name."""
        rows = self._database.all(
            "SELECT found.name, CASE WHEN found.code IS NOT NULL THEN 'failed'"
            " ELSE coalesce(contents.status, 'failed') END,"
            " coalesce(found.code, contents.code, contents.status, 'not_read'),"
            f" coalesce(found.detail, contents.detail, '') {_JOINED}"
            " WHERE skipped = 0 AND (found.code IS NOT NULL"
            " OR coalesce(contents.status, '') != 'succeeded') ORDER BY found.name"
        )
        for name, status, code, detail in rows:
            yield Failure(name.decode(errors="replace"), status, code, detail)


def _row(found: Found) -> tuple[bytes, bytes, int, int, str | None, str | None]:
    code = "not_readable" if found.problem else None
    name, path = os.fsencode(found.name), os.fsencode(found.path)
    return name, path, found.size, found.mtime_ns, code, found.problem
