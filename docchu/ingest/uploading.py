"""Takes one file after the other: is it done, is it a document, does the service have it?"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from docchu.client import Docchu
from docchu.errors import (
    BatchClosed,
    BatchGone,
    BatchNotFound,
    Busy,
    DocchuError,
    InvalidOption,
    JobGone,
    RequestRefused,
    ServiceFailed,
    ServiceNotReachable,
    StillTaken,
    Unavailable,
)
from docchu.files.copies import Copy, copy_document
from docchu.files.media import looks_like_document
from docchu.files.walking import Found
from docchu.ingest.delivering import HOPELESS, Delivery
from docchu.ingest.findings import Findings
from docchu.ingest.journal import Content, File, Journal
from docchu.steps.options import ReadingOptions

# So often a connection may break over one document before it is the document's fault: a service
# or a proxy that cuts off what is too large for it.
_MAX_BREAKS = 3
_LOST_BATCH = (BatchClosed, BatchGone, BatchNotFound)


class Uploader:
    """Sees to it that the service has each document once. Usable by several threads at once.

    A document's `custom_id` is the sha256 of its bytes: whatever got lost between sending it and
    noting it, sending it again is answered with the job that is there, a changed file is another
    document, and the same document under two names is one.
    """

    def __init__(
        self,
        service: Docchu,
        journal: Journal,
        findings: Findings,
        delivery: Delivery,
        scratch: Path,
        open_batch: Callable[[], str],
        wait_for_service: Callable[[DocchuError], None],
        options: ReadingOptions,
    ) -> None:
        """`service` is to give up soon, `wait_for_service` late: the first cannot tell a document
        at which the connection always breaks from a service that is away."""
        self._service = service
        self._wait_for_service = wait_for_service
        self._journal = journal
        self._findings = findings
        self._delivery = delivery
        self._scratch = scratch
        self._open_batch = open_batch
        self._options = options
        self._lock = threading.Lock()
        self._sending: set[str] = set()
        self._breaks: Counter[str] = Counter()

    def take(self, found: Found) -> None:
        """Do what a file still needs. Raises DocchuError, or OSError, when nothing else can be
        done either."""
        file = self._journal.file(found.name)
        if file and (file.size, file.mtime_ns) == (found.size, found.mtime_ns):
            content = self._journal.content(file.sha256)
            if content and _is_with_service(content):
                self._complete(found.name, content)
                return
        if copy := self._copy(found):
            with copy.stream:
                file = File(found.name, copy.size, copy.mtime_ns, copy.sha256)
                content = self._journal.attach(file)
                if not _is_with_service(content):
                    content = self._send_once(found.name, copy)
            self._complete(found.name, content)

    def _copy(self, found: Found) -> Copy | None:
        try:
            copy = copy_document(found.path, self._scratch)
        except OSError as error:
            if error.errno in HOPELESS:
                raise
            self._findings.fail(found.name, "not_readable", error.strerror or str(error))
            return None
        if copy is None:
            self._pass_over(found)
        return copy

    def _pass_over(self, found: Found) -> None:
        if not looks_like_document(found.name):
            self._findings.skip(found.name)
        elif found.size == 0:
            self._findings.fail(found.name, "empty_document", "The file is empty.")
        else:
            detail = "By its bytes the file is no document that can be read."
            self._findings.fail(found.name, "unsupported_media_type", detail)

    def _complete(self, name: str, content: Content) -> None:
        file = self._journal.file(name)
        if content.was_read and file and not self._delivery.is_complete(file):
            self._delivery.supply(file, content)

    def _send_once(self, name: str, copy: Copy) -> Content:
        with self._lock:
            if copy.sha256 in self._sending:  # by another thread: its results serve this file, too
                return Content(copy.sha256)
            self._sending.add(copy.sha256)
        try:
            content = self._journal.content(copy.sha256) or Content(copy.sha256)
            while not _is_with_service(content):
                content = self._send(name, copy, content)
            return content
        finally:
            with self._lock:
                self._sending.discard(copy.sha256)

    def _send(self, name: str, copy: Copy, content: Content) -> Content:
        """Send a document to the batch that it was meant for, or to another one if that takes no
        more; tell what is known then."""
        batch, sha256 = content.batch or self._open_batch(), content.sha256
        self._journal.send(sha256, batch)
        try:
            return self._add(batch, name, copy)
        except _LOST_BATCH:
            self._journal.stop_adding(batch)
            return replace(content, batch=None)
        except JobGone:
            # It was read and is forgotten: another batch does not know it.
            self._journal.lose(sha256)
            return Content(sha256)
        except (Busy, Unavailable, StillTaken) as error:
            self._wait_for_service(error)
            return content
        except ServiceNotReachable as error:
            self._wait_for_service(error)
            self._breaks[sha256] += 1
            if self._breaks[sha256] < _MAX_BREAKS:
                return content
            return self._fail(name, sha256, error)
        except InvalidOption:
            raise
        except RequestRefused as error:
            self._journal.end(sha256, "failed", problem=(error.code, error.detail))
            return Content(sha256, status="failed")
        except ServiceFailed as error:
            return self._fail(name, sha256, error)

    def _add(self, batch: str, name: str, copy: Copy) -> Content:
        job = self._service.batches.add(
            batch, copy.stream, custom_id=copy.sha256, name=Path(name).name, **self._options
        )
        self._journal.accepted(copy.sha256, job.id)
        if job.finished:  # then the stream of results may be past it
            self._delivery.job(copy.sha256, job)
        return Content(copy.sha256, batch=batch, job=job.id)

    def _fail(self, name: str, sha256: str, error: DocchuError) -> Content:
        """Give a document up for this run; the next one tries again."""
        self._findings.fail(name, error.code, error.detail)
        return Content(sha256, status="failed")


def _is_with_service(content: Content) -> bool:
    return content.status is not None or content.job is not None
