"""Lists in parts, one for each status: what is asked for is filtered before it is read.

The scripts move an entry with its status, in the same step (`_lists.lua`). A list is read in one
round trip, at one moment, and its parts are merged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.errors import InvalidOption
from shared.store.scripts import Client, store_faults

_ALL = -1


@dataclass(frozen=True)
class Entry:
    """Something in a list. No two of a list have the same place."""

    place: int
    id: str


@dataclass(frozen=True)
class Piece:
    """Some entries, and where to go on; no cursor at the end."""

    entries: list[Entry]
    next_cursor: str | None = None

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [entry.id for entry in self.entries]

    def after(self, entry: Entry) -> str | None:
        """Where to go on behind one of them."""
        is_last = self.next_cursor is None and entry is self.entries[-1]
        return None if is_last else str(entry.place)


def newest(
    client: Client,
    names: Iterable[str],
    limit: int,
    cursor: str | None,
    between: tuple[int | None, int | None] = (None, None),
) -> Piece:
    """The newest entries of a list with these parts, or of those from one place to another.

    Raises InvalidOption, Unavailable.
    """
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal()):
        raise InvalidOption("`cursor` is none that this service gave.", option="cursor")
    oldest, latest = between
    if latest is not None and (cursor is None or int(cursor) > latest):
        cursor = str(latest + 1)
    first = "+inf" if cursor is None else f"({cursor}"
    last = "-inf" if oldest is None else str(oldest)
    found = _read(client, names, first, last, limit + 1, newest_first=True)
    return _piece(found, limit)


def behind(client: Client, names: Iterable[str], limit: int, after: int) -> Piece:
    """The entries that come next behind a place. Raises Unavailable."""
    return _piece(_read(client, names, f"({after}", "+inf", limit + 1), limit)


def everything(client: Client, names: Iterable[str]) -> list[str]:
    """The ids of a whole list. Raises Unavailable."""
    return [entry.id for entry in _read(client, names, "-inf", "+inf", _ALL)]


def _read(
    client: Client,
    names: Iterable[str],
    first: str,
    last: str,
    limit: int,
    *,
    newest_first: bool = False,
) -> list[Entry]:
    """Up to so many entries of each part, merged."""
    with store_faults(), client.pipeline() as pipe:
        for name in names:
            pipe.zrange(
                *(name, first, last),
                desc=newest_first,
                byscore=True,
                offset=0,
                num=limit,
                withscores=True,
            )
        parts: Sequence[list[tuple[str, float]]] = pipe.execute()
    found = [Entry(int(place), one) for part in parts for one, place in part]
    return sorted(found, key=lambda entry: entry.place, reverse=newest_first)


def _piece(found: list[Entry], limit: int) -> Piece:
    shown = found[:limit]
    return Piece(shown, str(shown[-1].place) if len(found) > limit else None)
