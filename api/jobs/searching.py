"""Looks for words in all that is kept of a tenant: the newest documents first, a while at a time.

The store tells which pages may have them (`shared/searching.py`); those pages are read from the
blobs, with what people set right, so that nothing is found that is not there any more.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping

from api.jobs.stored import stored_blob
from api.server.aside import aside
from api.services import Services
from shared import errors
from shared.jobs import Found
from shared.searching import Phrase, Query
from shared.store.jobs.corrections import Versions
from shared.store.jobs.jobs import JobPage
from shared.store.jobs.prints import Printed
from shared.store.lists import Piece

_MOST_S = 0.5
"""As long as a page takes to be read. A document that was begun is looked through to its end."""
AT_ONCE = 100
"""Jobs that are looked at in one go: some milliseconds of this process."""
_MOST_SHOWN = 3  # places in a document
_turn = threading.Lock()
"""Searches of a process take turns at that, so that all others are served in between."""
_Changes = Mapping[int, Versions]


def search(
    parts: Services,
    owner: str,
    query: Query,
    among: Iterable[Piece],
    limit: int,
) -> JobPage:
    """The first of some jobs that have all that is looked for, each with where it is.

    Fewer than `limit`, with a cursor, where the time is over. Raises InvalidOption, Unavailable.
    """
    until = time.monotonic() + _MOST_S
    found: dict[str, list[Found]] = {}
    cursor = None
    for piece in among if query.phrases else ():
        cursor = piece.next_cursor
        entries = {entry.id: entry for entry in piece.entries}
        with _turn:
            for printed in parts.prints.of(piece.ids):
                places = _places(parts, owner, query, printed)
                if places is not None:
                    found[printed.job_id] = places
                if len(found) == limit or time.monotonic() > until:
                    return _page(parts, found, piece.after(entries[printed.job_id]))
        if time.monotonic() > until:
            break
    return _page(parts, found, cursor)


def _page(parts: Services, found: Mapping[str, list[Found]], cursor: str | None) -> JobPage:
    jobs = parts.jobs.of_ids(list(found))
    shown = [job.model_copy(update={"found": found[job.id][:_MOST_SHOWN]}) for job in jobs]
    return JobPage(shown, cursor)


def _places(parts: Services, owner: str, query: Query, printed: Printed) -> list[Found] | None:
    """Where in a document the phrases are, each once; None where one is missing."""
    left = query.not_in_name(printed.name)
    pages = {phrase: printed.prints.pages(phrase) for phrase in left}
    if printed.is_whole and not all(pages.values()):
        return None
    try:
        return _read(parts, owner, query, printed, pages) if left else []
    except (errors.JobGone, errors.JobNotFound):  # it was erased meanwhile
        return None


def _read(
    parts: Services, owner: str, query: Query, printed: Printed, pages: Mapping[Phrase, set[int]]
) -> list[Found] | None:
    left, found = dict(pages), dict[tuple[int, int], Found]()
    for number, record in parts.jobs.pages(owner, printed.job_id).items():
        asked = [one for one, on in left.items() if number in on or number not in printed.prints]
        if not asked or record.blob is None:
            continue
        data = stored_blob(parts, owner, printed.job_id, record.blob)
        hits = aside(_hits, query, asked, number, data, printed.changes.get(number, {}))
        for phrase, hit in hits.items():
            found[hit.page, hit.line] = hit
            del left[phrase]
        if not left:
            return [found[place] for place in sorted(found)]
    return None


def _hits(
    query: Query, phrases: list[Phrase], number: int, data: bytes, changes: _Changes
) -> dict[Phrase, Found]:
    """Which of the phrases are on a page, by its JSON, and where."""
    lines = [line["text"] for line in json.loads(data)["lines"]]
    for place, versions in changes.items():
        said = versions[-1]
        if said.kind == "not_text":
            lines[place] = ""
        elif said.kind != "as_read":
            lines[place] = said.text or lines[place]
    hits = {}
    for phrase in phrases:
        if hit := query.hit(phrase, lines):
            line, text = hit
            hits[phrase] = Found(page=number, line=line, text=text)
    return hits
