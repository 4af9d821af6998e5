"""Lists of jobs by what their records say: looked through from the newest on, a bounded number.

By time a list is cut before it is read: a job's place in it is the time of its making, or a little
behind that where many were made at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.searching import plain
from shared.store import keys
from shared.store.jobs.records import metadata_of
from shared.store.lists import Entry, Piece, newest
from shared.store.scripts import Client, store_faults

_AT_ONCE = 500
_MOST_LOOKED = 5000
"""Records looked at for one answer: a few milliseconds of the store, in ten round trips."""
_BEHIND_MS = 60_000
_FIELDS = ["document", "metadata", "created"]


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are wanted: by a part of the document's name, by time, by members of metadata."""

    name: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def between(self) -> tuple[int | None, int | None]:
        """The places between which these jobs stand."""
        before = _ms(self.created_before)
        return _ms(self.created_after), before + _BEHIND_MS if before is not None else None

    def wants(self, record: Sequence[str | None]) -> bool:
        """Whether a job is one of them, by its `_FIELDS`."""
        document, metadata, created = record
        if document is None or created is None:
            return False
        after, before = _ms(self.created_after), _ms(self.created_before)
        if int(created) < (after or 0) or (before is not None and int(created) >= before):
            return False
        if self.name and plain(self.name) not in plain(json.loads(document).get("name") or ""):
            return False
        known = metadata_of(metadata or "{}") if self.metadata else {}
        return all(name in known and known[name] == one for name, one in self.metadata.items())


def newest_wanted(
    client: Client, names: Sequence[str], wanted: JobFilter, limit: int, cursor: str | None
) -> Piece:
    """The newest jobs that are wanted; fewer than `limit`, with a cursor, where they are rare.

    Raises InvalidOption, Unavailable.
    """
    found: list[Entry] = []
    for piece in wanted_pieces(client, names, wanted, cursor):
        for entry in piece.entries:
            found.append(entry)
            if len(found) == limit:
                return Piece(found, piece.after(entry))
        cursor = piece.next_cursor
    return Piece(found, cursor)


def wanted_pieces(
    client: Client,
    names: Sequence[str],
    wanted: JobFilter,
    cursor: str | None,
    at_once: int | None = None,
) -> Iterator[Piece]:
    """The jobs that are wanted, of so many as are looked at for one answer; the newest first.

    `at_once` are looked at in one go. Raises InvalidOption, Unavailable.
    """
    at_once = at_once or _AT_ONCE
    for _ in range(_MOST_LOOKED // at_once):
        piece = newest(client, names, at_once, cursor, wanted.between)
        cursor = piece.next_cursor
        yield Piece(_of(client, piece.entries, wanted), cursor)
        if cursor is None:
            return


def _of(client: Client, entries: Sequence[Entry], wanted: JobFilter) -> list[Entry]:
    if wanted == JobFilter():
        return list(entries)
    with store_faults(), client.pipeline(transaction=False) as pipe:
        for entry in entries:
            pipe.hmget(keys.job(entry.id), _FIELDS)
        records = pipe.execute(raise_on_error=False)
    found = []
    for entry, record in zip(entries, records, strict=True):
        with suppress(AttributeError, TypeError, ValueError):  # a damaged record hides no others
            if wanted.wants(record):
                found.append(entry)
    return found


def _ms(moment: datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment else None
