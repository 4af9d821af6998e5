"""What `docchu ingest` has done so far, in a file that outlives kills and power cuts.

| table | holds |
|---|---|
| `batches` | the batches opened, `position` up to which their results are written; `adding`: documents are added to it; `over`: nothing more comes from it |
| `contents` | a document by the sha256 of its bytes: where it was sent, what became of it |
| `files` | a file by its name: size and time when read, content, its results' sha256 by format |

Names are bytes, for not all of them are text.
"""  # noqa: E501

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docchu.files.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, position INTEGER NOT NULL DEFAULT 0, adding INTEGER NOT NULL DEFAULT 1,
    over INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS contents (
    sha256 TEXT PRIMARY KEY, batch TEXT, job TEXT, status TEXT, code TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS files (
    name BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, sha256 TEXT NOT NULL,
    written TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS files_by_content ON files (sha256);
"""
_CONTENT = "sha256, batch, job, status, code, detail"
_FILE = "name, size, mtime_ns, sha256, written"


@dataclass(frozen=True, slots=True)
class Content:
    """A document by its bytes. `status` is None until its job has ended; `batch` is set before it
    is sent and `job` when that was answered."""

    sha256: str
    batch: str | None = None
    job: str | None = None
    status: str | None = None
    code: str | None = None
    detail: str | None = None

    @property
    def was_read(self) -> bool:
        """Whether there is a text."""
        return self.status in ("succeeded", "partial")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was when it was read; `written` is format -> sha256 of the result."""

    name: str
    size: int
    mtime_ns: int
    sha256: str
    written: dict[str, str] = field(default_factory=dict)


class Journal:
    """The journal of one output folder. Usable by several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises JournalInUse, JournalUnusable."""
        self.database = Database(path, _SCHEMA)

    def close(self) -> None:
        """Write everything out and let others in."""
        self.database.close()

    def clear(self) -> None:
        """Forget everything."""
        with self.database.transaction() as db:
            for table in ("batches", "contents", "files"):
                db.execute(f"DELETE FROM {table}")

    # Files.

    def file(self, name: str) -> File | None:
        """The file as it was when it was read."""
        row = self.database.one(f"SELECT {_FILE} FROM files WHERE name = ?", os.fsencode(name))
        return _file(row) if row else None

    def files_of(self, sha256: str) -> list[File]:
        """The files that have this content."""
        rows = self.database.all(f"SELECT {_FILE} FROM files WHERE sha256 = ?", sha256)
        return [_file(row) for row in rows]

    def attach(self, file: File) -> Content:
        """Note what a file's content is, and give what is known of that."""
        with self.database.transaction() as db:
            db.execute(
                "INSERT INTO files (name, size, mtime_ns, sha256) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET size = excluded.size,"
                " mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256,"
                " written = CASE WHEN sha256 = excluded.sha256 THEN written ELSE '{}' END",
                (os.fsencode(file.name), file.size, file.mtime_ns, file.sha256),
            )
            db.execute("INSERT OR IGNORE INTO contents (sha256) VALUES (?)", (file.sha256,))
        return self.content(file.sha256) or Content(file.sha256)

    def wrote(self, name: str, sha256: str, form: str, digest: str) -> None:
        """Note that a file's result in this format is written, if its content is still this."""
        self.database.do(
            "UPDATE files SET written = json_set(written, ?, ?) WHERE name = ? AND sha256 = ?",
            *(f"$.{form}", digest, os.fsencode(name), sha256),
        )

    # Contents.

    def content(self, sha256: str) -> Content | None:
        """What is known of a content."""
        row = self.database.one(f"SELECT {_CONTENT} FROM contents WHERE sha256 = ?", sha256)
        return Content(*row) if row else None

    def send(self, sha256: str, batch: str) -> None:
        """Note that a content is about to be sent."""
        self.database.do(
            "UPDATE contents SET batch = ?, job = NULL WHERE sha256 = ?", batch, sha256
        )

    def accepted(self, sha256: str, job: str) -> None:
        """Note that the service has a content."""
        self.database.do("UPDATE contents SET job = ? WHERE sha256 = ?", job, sha256)

    def end(
        self,
        sha256: str,
        status: str,
        job: str | None = None,
        problem: tuple[str, str] | None = None,
    ) -> None:
        """Note what became of a content; `problem` is code and detail."""
        self.database.do(
            "UPDATE contents SET status = ?, job = coalesce(?, job), code = ?, detail = ?"
            " WHERE sha256 = ?",
            *(status, job, *(problem or (None, None)), sha256),
        )

    def lose(self, sha256: str) -> None:
        """Note that the service forgot a content: it is to be sent again, in another batch."""
        with self.database.transaction() as db:
            db.execute(
                "UPDATE batches SET adding = 0"
                " WHERE id = (SELECT batch FROM contents WHERE sha256 = ?)",
                (sha256,),
            )
            db.execute(
                "UPDATE contents SET batch = NULL, job = NULL, status = NULL WHERE sha256 = ?",
                (sha256,),
            )

    def forget_failures(self) -> None:
        """Let what failed be sent again, in another batch, for this one would answer the job that
        failed."""
        with self.database.transaction() as db:
            failed = "status IN ('failed', 'canceled')"
            db.execute(
                "UPDATE batches SET adding = 0"
                f" WHERE id IN (SELECT batch FROM contents WHERE {failed})"
            )
            db.execute(
                "UPDATE contents SET batch = NULL, job = NULL, status = NULL, code = NULL,"
                f" detail = NULL WHERE {failed}"
            )

    # Batches.

    def open_batch(self, batch: str) -> None:
        """Note a batch, so that not even a power cut forgets it."""
        self.database.do("INSERT OR IGNORE INTO batches (id) VALUES (?)", batch)
        self.database.harden()

    def current_batch(self) -> str | None:
        """The batch that documents are added to."""
        row = self.database.one(
            "SELECT id FROM batches WHERE adding = 1 AND over = 0 ORDER BY rowid DESC LIMIT 1"
        )
        return row[0] if row else None

    def batches(self) -> list[str]:
        """The batches whose results are not all written, the oldest first."""
        rows = self.database.all("SELECT id FROM batches WHERE over = 0 ORDER BY rowid")
        return [row[0] for row in rows]

    def position(self, batch: str) -> int:
        """The position up to which a batch's results are written."""
        return int(self.database.one("SELECT position FROM batches WHERE id = ?", batch)[0])

    def advance(self, batch: str, position: int) -> None:
        """Note that a batch's results are written up to here."""
        self.database.do("UPDATE batches SET position = ? WHERE id = ?", position, batch)

    def stop_adding(self, batch: str) -> None:
        """Note that no more documents can be added to a batch."""
        self.database.do("UPDATE batches SET adding = 0 WHERE id = ?", batch)

    def end_batch(self, batch: str) -> None:
        """Note that nothing more comes from a batch; what it still owed is to be sent again."""
        with self.database.transaction() as db:
            db.execute("UPDATE batches SET over = 1, adding = 0 WHERE id = ?", (batch,))
            db.execute(
                "UPDATE contents SET batch = NULL, job = NULL WHERE batch = ? AND status IS NULL",
                (batch,),
            )


def _file(row: Any) -> File:
    name, size, mtime_ns, sha256, written = row
    return File(os.fsdecode(name), size, mtime_ns, sha256, json.loads(written))
