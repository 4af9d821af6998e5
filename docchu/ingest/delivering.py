"""Writes the results of a content under the names of all files that have it."""

from __future__ import annotations

import errno
import functools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from docchu.batch import Item
from docchu.client import Docchu
from docchu.errors import (
    JobCanceled,
    JobFailed,
    JobGone,
    JobNotFinished,
    JobNotFound,
    RequestRefused,
    ServiceFailed,
)
from docchu.files.outputs import Outputs, json_bytes, num_pages, streamed
from docchu.ingest.findings import Findings
from docchu.ingest.journal import Content, File, Journal
from docchu.jobs import Job, Problem

Get = Callable[[str], bytes]
"""Gives a result in a format. Raises JobGone, JobNotFound."""

# After these errors of the operating system no other file can be written either.
HOPELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
_PAGES_TOLD = 20


class Delivery:
    """From results to files. Usable by several threads at once.

    A content is ended in the journal between two looks at which files have it, and a file is noted
    before its content is looked at: so none that comes meanwhile is left without its result.
    """

    def __init__(
        self,
        service: Docchu,
        journal: Journal,
        findings: Findings,
        outputs: Outputs,
        forms: Sequence[str],
    ) -> None:
        self._service = service
        self._journal = journal
        self._findings = findings
        self._outputs = outputs
        self._forms = forms
        self._lock = threading.Lock()
        self.num_pages = 0

    def item(self, item: Item) -> None:
        """Write what the stream of a batch's results brought. Raises DocchuError, OSError."""
        content = self._journal.content(item.custom_id)
        if content is None or content.status is not None:
            return  # not asked for any more, or written already
        with self._lock:
            self.num_pages += num_pages(item)

        @functools.cache
        def get(form: str) -> bytes:
            if form in ("text", "json"):
                return streamed(item, form)
            return self._export(item.job_id, form)

        self._end(content.sha256, item.status, item.job_id, item.error, get)

    def job(self, sha256: str, job: Job) -> None:
        """Write the results of a job that had ended before. Raises DocchuError, OSError."""
        get = functools.cache(lambda form: self._export(job.id, form))
        self._end(sha256, job.status, job.id, job.error, get)

    def supply(self, file: File, content: Content) -> None:
        """Write what is missing of the results of a file whose content was read. Raises
        DocchuError, OSError."""

        def get(form: str) -> bytes:
            return self._copy(content.sha256, form) or self._export(content.job or "", form)

        with self._forgetting(content.sha256):
            for form in self._missing(file):
                self._write(file, form, get)

    def is_complete(self, file: File) -> bool:
        """Whether all results of a file are there."""
        return not self._missing(file)

    def _end(self, sha256: str, status: str, job_id: str, error: Problem | None, get: Get) -> None:
        if status == "expired":
            self._journal.lose(sha256)
            return
        problem = (error.code, _detail(error)) if error else None
        if status not in ("succeeded", "partial"):
            self._journal.end(sha256, status, job_id, problem or (f"job_{status}", ""))
            return
        with self._forgetting(sha256):
            self._write_all(sha256, get)
            self._journal.end(sha256, status, job_id, problem)
            self._write_all(sha256, get)

    def _write_all(self, sha256: str, get: Get) -> None:
        for file in self._journal.files_of(sha256):
            for form in self._missing(file):
                self._write(file, form, get)

    def _missing(self, file: File) -> list[str]:
        return [
            form
            for form in self._forms
            if form not in file.written or not self._outputs.holds(file.name, form)
        ]

    def _write(self, file: File, form: str, get: Get) -> None:
        try:
            digest = self._outputs.write(file.name, form, get(form))
        except (RequestRefused, ServiceFailed) as error:  # this format of this document alone
            self._findings.fail(file.name, error.code, error.detail)
            return
        except OSError as error:
            if error.errno in HOPELESS:
                raise
            self._findings.fail(file.name, "not_written", error.strerror or str(error))
            return
        self._journal.wrote(file.name, file.sha256, form, digest)

    def _copy(self, sha256: str, form: str) -> bytes | None:
        """The result as another file of the same content has it, untouched."""
        for file in self._journal.files_of(sha256):
            digest = file.written.get(form)
            data = self._outputs.read(file.name, form, digest) if digest else None
            if data is not None:
                return data
        return None

    def _export(self, job_id: str, form: str) -> bytes:
        data = self._service.export(job_id, form)
        return json_bytes(json.loads(data)) if form == "json" else data

    @contextmanager
    def _forgetting(self, sha256: str) -> Iterator[None]:
        """Where the service has no result any more, let the document be read again."""
        try:
            yield
        except (JobGone, JobNotFound, JobNotFinished, JobFailed, JobCanceled):
            self._journal.lose(sha256)


def _detail(error: Problem) -> str:
    pages = [f"page {page.page}: {page.code}" for page in error.pages[:_PAGES_TOLD]]
    if len(error.pages) > _PAGES_TOLD:
        pages.append(f"and {len(error.pages) - _PAGES_TOLD} more")
    return f"{error.detail} ({', '.join(pages)})" if pages else error.detail
