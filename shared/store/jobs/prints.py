"""What tells which jobs may have the words of a query: the prints of their pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.searching import Prints
from shared.store import keys
from shared.store.jobs.corrections import Corrections, Versions
from shared.store.scripts import Client, answers_of, store_faults

_AT_ONCE = 1000
"""Pages whose prints are asked for at once: half a megabyte, a millisecond of the store."""


@dataclass(frozen=True)
class Printed:
    """A job with the prints of its pages; `changes` are what people set right, by page and line.

    `is_whole`: no page was read without leaving a print, as versions before did.
    """

    job_id: str
    name: str
    prints: Prints
    is_whole: bool
    changes: Mapping[int, Mapping[int, Versions]]


class PrintedJobs:
    """The prints of jobs. Raises Unavailable when the server is away."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._corrections = Corrections(client)

    def of(self, ids: Sequence[str]) -> Iterator[Printed]:
        """Those of jobs of which something was read, in their order, and no more than is taken."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hmget(keys.job(job_id), ["document", "done", "corrected"])
            records = answers_of(pipe)
        group: dict[str, Any] = {}
        pages = 0
        for job_id, record in zip(ids, records, strict=True):
            if isinstance(record, Exception) or not (record[1] or "").isdecimal():
                continue  # damaged, or nothing was read
            document, done, is_corrected = record
            if group and pages + int(done) > _AT_ONCE:
                yield from self._read(group)
                group, pages = {}, 0
            group[job_id] = document, int(done), is_corrected
            pages += int(done)
        yield from self._read(group)

    def _read(self, group: Mapping[str, Any]) -> Iterator[Printed]:
        if not group:
            return
        with store_faults():
            texts = self._client.mget([keys.prints(job_id) for job_id in group])
        for (job_id, (document, done, is_corrected)), text in zip(
            group.items(), texts, strict=True
        ):
            changes = self._corrections.of(job_id).lines if is_corrected else {}
            newest = {
                page: [versions[-1].text or "" for versions in lines.values()]
                for page, lines in changes.items()
            }
            try:
                prints = Prints(text or "", newest)
            except ValueError:  # damaged: its pages tell
                prints = Prints("", newest)
            is_whole = len(prints) >= done
            yield Printed(job_id, _name(document), prints, is_whole, changes)


def _name(document: str) -> str:
    with suppress(AttributeError, TypeError, ValueError):
        return json.loads(document).get("name") or ""
    return ""
