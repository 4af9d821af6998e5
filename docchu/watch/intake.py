"""What happens to one settled file: read it, write its result, move it; each step may be repeated.

A run may be killed between any two steps. The content's entry in the ledger says which job reads
it and which name is kept for it, so the next run goes on with that job and writes to those names.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from docchu.client import Docchu
from docchu.errors import (
    ConnectionLost,
    DocchuError,
    InvalidOption,
    JobFailed,
    JobGone,
    JobNotFound,
    RequestRefused,
    ServiceFailed,
    StillTaken,
    of_unfinished,
)
from docchu.files.copies import Copy, copy_document
from docchu.files.outputs import Folder, json_bytes
from docchu.files.walking import Found
from docchu.jobs import Job
from docchu.steps.options import ReadingOptions
from docchu.watch.ledger import Entry, Ledger
from docchu.watch.places import DONE, DUPLICATE, FAILED, REASON, Places, numbered

# A service, or a connection, that fails at a document each time is not asked about it for ever.
_MAX_FAILURES = 3


@dataclass(frozen=True)
class Fate:
    """What became of a file: the folder that it is in now, its name there, and why."""

    place: str
    name: str
    why: str = ""


class Changed(Exception):
    """The file is another one by now, or gone: look at it again."""


class Intake:
    """Takes the files of a watched folder. Usable by several threads at once."""

    def __init__(
        self,
        service: Docchu,
        places: Places,
        ledger: Ledger,
        forms: Sequence[str],
        options: ReadingOptions,
    ) -> None:
        self._service = service
        self._places = places
        self._ledger = ledger
        self._forms = forms
        self._options = options
        self._results = Folder(places.out, places.scratch)
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._failures: Counter[str] = Counter()

    def recover(self) -> None:
        """Finish what an earlier run had moved and not noted."""
        for entry in self._ledger.under_way():
            if entry.target and self._places.path(DONE, entry.target).exists():
                self._ledger.finish(entry.sha256)

    def take(self, found: Found) -> Fate:
        """Do all that is to be done with a file.

        Raises Changed; OSError if it cannot be read or moved; a transient DocchuError if the
        service is away: then nothing has happened to the file.
        """
        copy = copy_document(found.path, self._places.scratch)
        if copy is None:
            why = "empty_document" if found.size == 0 else "unsupported_media_type"
            return self._fail(found.name, f"{why}: The file is no document that can be read.")
        with copy.stream:
            with self._lock:
                if copy.sha256 in self._busy:  # the same content under another name
                    raise Changed
                self._busy.add(copy.sha256)
            try:
                return self._take(found, copy)
            finally:
                with self._lock:
                    self._busy.discard(copy.sha256)

    def _take(self, found: Found, copy: Copy) -> Fate:
        entry = self._ledger.entry(copy.sha256)
        if entry.done and entry.target:
            if self._is_kept(entry.target):
                why = f"The same document is {DONE}/{entry.target}."
                return self._set_aside(DUPLICATE, found.name, why)
            # Its results were taken away, so it is wanted again.
            self._ledger.forget(copy.sha256)
            entry = self._ledger.entry(copy.sha256)
        try:
            job = self._read(found.name, copy, entry)
        except (JobGone, JobNotFound):
            self._ledger.forget(copy.sha256)  # a new job reads it at the next look
            raise Changed from None
        except (InvalidOption, StillTaken):
            raise
        except (JobFailed, RequestRefused) as error:
            return self._give_up(found.name, copy.sha256, error)
        except (ServiceFailed, ConnectionLost) as error:
            # Is it away, or does it fail at this very document?
            next(self._service.jobs(), None)
            self._failures[copy.sha256] += 1
            if self._failures[copy.sha256] < _MAX_FAILURES:
                raise Changed from None
            return self._give_up(found.name, copy.sha256, error)
        if not job.has_result:
            return self._give_up(found.name, copy.sha256, of_unfinished(job))
        return self._finish(found, copy, entry, job)

    def _read(self, name: str, copy: Copy, entry: Entry) -> Job:
        if entry.job:
            return self._service.wait(entry.job)
        job = self._service.submit(
            copy.stream,
            name=PurePosixPath(name).name,
            idempotency_key=self._key(entry),
            **self._options,
        )
        self._ledger.accepted(copy.sha256, job.id)
        return self._service.wait(job)

    def _key(self, entry: Entry) -> str:
        """The content's key; a run with other options than the last one does not repeat its job."""
        if not self._options:
            return entry.key
        told = json.dumps(self._options, sort_keys=True).encode()
        return f"{entry.key}-{sha256(told).hexdigest()[:16]}"

    def _finish(self, found: Found, copy: Copy, entry: Entry, job: Job) -> Fate:
        data = {form: self._export(job, form) for form in self._forms}
        self._expect_unchanged(found, copy)
        target = entry.target or self._reserve(found.name, copy.sha256)
        for form, result in data.items():
            self._results.write(target, form, result)
        why = ""
        if job.status == "partial" and job.error:
            pages = ", ".join(f"page {page.page}: {page.code}" for page in job.problems)
            why = f"{job.error.code}: {job.error.detail} ({pages})"
        moved = self._places.path(DONE, target)
        moved.parent.mkdir(parents=True, exist_ok=True)
        if why:
            self._places.path(DONE, target + REASON).write_text(why + "\n", encoding="utf-8")
        os.rename(found.path, moved)
        self._ledger.finish(copy.sha256)
        return Fate(DONE, target, why)

    def _export(self, job: Job, form: str) -> bytes:
        data = self._service.export(job, form)
        return json_bytes(json.loads(data)) if form == "json" else data

    def _expect_unchanged(self, found: Found, copy: Copy) -> None:
        """Raise Changed if somebody has written to the file: what was read was half of it."""
        try:
            facts = os.stat(found.path)
        except FileNotFoundError:
            raise Changed from None
        if (facts.st_size, facts.st_mtime_ns) != (copy.size, copy.mtime_ns):
            self._ledger.forget(copy.sha256)
            raise Changed

    def _reserve(self, name: str, sha256: str) -> str:
        with self._lock:
            target = numbered(name, self._is_free)
            self._ledger.reserve(sha256, target)
            return target

    def _is_free(self, name: str) -> bool:
        paths = [self._places.path(DONE, name), *self._result_paths(name)]
        return not (self._ledger.is_reserved(name) or any(path.exists() for path in paths))

    def _is_kept(self, target: str) -> bool:
        return all(path.exists() for path in self._result_paths(target))

    def _result_paths(self, name: str) -> list[Path]:
        return [self._results.path(name, form) for form in self._forms]

    def _give_up(self, name: str, sha256: str, error: DocchuError) -> Fate:
        # Forgotten: whoever puts it back wants another try.
        self._ledger.forget(sha256)
        self._failures.pop(sha256, None)
        return self._fail(name, f"{error.code}: {error.detail}")

    def _fail(self, name: str, why: str) -> Fate:
        return self._set_aside(FAILED, name, why)

    def _set_aside(self, place: str, name: str, why: str) -> Fate:
        return Fate(place, self._places.set_aside(place, name, why), why)
