"""What `docchu watch` is reading and has read, in a file that outlives kills and power cuts."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from docchu.files.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS contents (
    sha256 TEXT PRIMARY KEY, key TEXT NOT NULL, job TEXT, target BLOB,
    done INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS contents_by_target ON contents (target);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document by its bytes. `key` is its Idempotency-Key, `job` is known when that was answered,
    `target` is the name in `done/` that is kept for it, once there is something to write."""

    sha256: str
    key: str
    job: str | None
    target: str | None
    done: bool


class Ledger:
    """The documents of one watched folder. Usable by several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises JournalInUse, JournalUnusable."""
        self._database = Database(path, _SCHEMA)

    def entry(self, sha256: str) -> Entry:
        """What is known of a content; a new one is noted."""
        self._database.do(
            "INSERT OR IGNORE INTO contents (sha256, key) VALUES (?, ?)",
            *(sha256, secrets.token_urlsafe(24)),
        )
        return _entry(
            self._database.one(
                "SELECT sha256, key, job, target, done FROM contents WHERE sha256 = ?", sha256
            )
        )

    def accepted(self, sha256: str, job: str) -> None:
        """Note which job reads a content."""
        self._database.do("UPDATE contents SET job = ? WHERE sha256 = ?", job, sha256)

    def reserve(self, sha256: str, target: str) -> None:
        """Keep a name for a content, so that not even a power cut leads to a second one."""
        self._database.do(
            "UPDATE contents SET target = ? WHERE sha256 = ?", os.fsencode(target), sha256
        )
        self._database.harden()

    def is_reserved(self, target: str) -> bool:
        """Whether a name is kept for a content that is on its way."""
        return bool(
            self._database.one(
                "SELECT 1 FROM contents WHERE target = ? AND done = 0", os.fsencode(target)
            )
        )

    def finish(self, sha256: str) -> None:
        """Note that a content is read, its result written and its document moved."""
        self._database.do("UPDATE contents SET done = 1 WHERE sha256 = ?", sha256)

    def forget(self, sha256: str) -> None:
        """Let a content be read anew, should it come again."""
        self._database.do("DELETE FROM contents WHERE sha256 = ?", sha256)

    def under_way(self) -> list[Entry]:
        """What was being written when an earlier run ended."""
        rows = self._database.all(
            "SELECT sha256, key, job, target, done FROM contents"
            " WHERE done = 0 AND target IS NOT NULL"
        )
        return [_entry(row) for row in rows]


def _entry(row: tuple[str, str, str | None, bytes | None, int]) -> Entry:
    sha256, key, job, target, done = row
    return Entry(sha256, key, job, os.fsdecode(target) if target else None, bool(done))
