"""What people set right in results: lines and fields, each with its versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shared.errors import CorrectionsFull, JobGone
from shared.jobs import moment, rfc3339
from shared.result import CorrectionKind, CorrectionVersion
from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

MAX_TEXT = 2000  # characters
_MAX_VERSIONS = 10  # of one line or field; the oldest go first
_MAX_BYTES = 4 << 20  # of a job: the store holds them in memory
_JOBS = 100  # of one round trip
Versions = tuple[CorrectionVersion, ...]


@dataclass(frozen=True)
class JobCorrections:
    """Of a job: of lines by page (from 1) and place (from 0), of fields by type and name."""

    lines: Mapping[int, Mapping[int, Versions]] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Versions]] = field(default_factory=dict)


class Corrections:
    """The corrections of all jobs. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)

    def put_line(
        self,
        job_id: str,
        page: int,
        line: int,
        kind: CorrectionKind,
        text: str | None,
        by: str | None,
    ) -> Versions:
        """Say what a line is; all that was said of it. Raises JobGone, CorrectionsFull."""
        return self._put(job_id, f"l:{page}:{line}", kind, text, by)

    def put_field(
        self,
        job_id: str,
        kind_of: str,
        name: str,
        kind: CorrectionKind,
        text: str | None,
        by: str | None,
    ) -> Versions:
        """Say what a field of this type of document is. Raises JobGone, CorrectionsFull."""
        return self._put(job_id, f"f:{kind_of}:{name}", kind, text, by)

    def of(self, job_id: str) -> JobCorrections:
        """All of a job; whose it is, is not looked at."""
        with store_faults():
            texts = self._client.hgetall(keys.corrections(job_id))
        lines: dict[int, dict[int, Versions]] = {}
        fields: dict[str, dict[str, Versions]] = {}
        for place, text in texts.items():
            what, where, which = place.split(":", 2)
            if what == "l":
                lines.setdefault(int(where), {})[int(which)] = _parsed(text)
            else:
                fields.setdefault(where, {})[which] = _parsed(text)
        return JobCorrections(lines, fields)

    def jobs(self, tenant: str) -> Iterator[str]:
        """The tenant's jobs that have any, those that were corrected first come first."""
        (name,) = keys.parts(f"jobs:{tenant}", ["corrected"])
        start = 0
        while True:
            with store_faults():
                found = self._client.zrange(name, start, start + _JOBS - 1)
            yield from found
            start += _JOBS
            if len(found) < _JOBS:
                return

    def _put(
        self, job_id: str, place: str, kind: CorrectionKind, text: str | None, by: str | None
    ) -> Versions:
        said = {"k": kind, "t": text, "by": by}
        version = json.dumps({name: value for name, value in said.items() if value is not None})
        answer = self._scripts.run("correct", job_id, place, version, _MAX_VERSIONS, _MAX_BYTES)
        if answer == "gone":
            raise JobGone
        if answer == "full":
            raise CorrectionsFull
        return _parsed(answer)


def _parsed(text: str) -> Versions:
    return tuple(
        CorrectionVersion(
            kind=one["k"], text=one.get("t"), by=one.get("by"), at=rfc3339(moment(one["at"]))
        )
        for one in json.loads(text)
    )
