"""An SQLite file of which one process at a time holds the whole: the ground of the journals.

SQLite and not lines of JSON: a torn write is undone by itself, two runs in one folder exclude each
other, and a million documents need no memory.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class JournalInUse(Exception):
    """Another `docchu` works in this folder."""


class JournalUnusable(Exception):
    """The journal cannot be read or written."""


class Database:
    """An open SQLite file. Usable by several threads at once; every statement is a transaction,
    unless `transaction` makes one of several."""

    def __init__(self, path: Path, schema: str) -> None:
        """Open a file, and make it if need be. Raises JournalInUse, JournalUnusable."""
        self._lock = threading.RLock()
        try:
            # isolation_level=None: transactions begin and end where this file says so.
            self._db = sqlite3.connect(
                path, timeout=1, isolation_level=None, check_same_thread=False
            )
            try:
                self._take(schema)
            except sqlite3.Error:
                self._db.close()
                raise
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise JournalInUse from error
            raise JournalUnusable(str(error)) from error
        except sqlite3.DatabaseError as error:
            raise JournalUnusable(str(error)) from error

    def close(self) -> None:
        """Write everything out and let others in."""
        with self._lock:
            self._db.close()

    def do(self, statement: str, *values: Any) -> None:
        """Change something."""
        with self._lock:
            self._db.execute(statement, values)

    def one(self, statement: str, *values: Any) -> Any:
        """The first row of an answer, if there is one."""
        with self._lock:
            return self._db.execute(statement, values).fetchone()

    def all(self, statement: str, *values: Any) -> list[Any]:
        """All rows of an answer."""
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def harden(self) -> None:
        """Let what was done so far survive a power cut, too."""
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(FULL)")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do several things as one."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _take(self, schema: str) -> None:
        # Exclusive: then the write-ahead log needs no shared memory, which network file systems do
        # not have. A commit may get lost in a power cut, which costs no more than asking the
        # service again; it is never torn.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("BEGIN EXCLUSIVE")
        self._db.execute("COMMIT")
        self._db.executescript(schema)
