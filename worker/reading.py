"""Reads one claimed slice: open its document, load its pages, read them, store what was read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from shared.blobs import INPUT, PASSWORD, BlobNotFound, BlobStore, picture_name
from shared.errors import StaleAttempt, Unavailable
from shared.errors.documents import (
    DocumentDamaged,
    DocumentError,
    DocumentLost,
    NoSuchPages,
    PageTooLarge,
    ReadFailed,
)
from shared.jobs import Model
from shared.media import PDF
from shared.observing import tracing
from shared.page_ranges import PageRanges
from shared.result import Page
from shared.running.failpoints import reach
from shared.searching import print_of
from shared.store.jobs.earlier import Earlier
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, Note, PageTimings, SliceQueue
from shared.store.workers import CANARY_TENANT
from worker import metrics
from worker.enlarging import enlarged
from worker.hints import hint_of
from worker.leases import Lease, Unwanted, names
from worker.loading.pool import Asker, LoadedPage, PageLoader
from worker.loading.turns import Flow
from worker.models import Models, Reader
from worker.ocr.batcher import DeviceLost
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reading
from worker.reuse import EarlierPages
from worker.thumbnails import picture_of

# Pages of one slice in hand at once: one is opened while another is read.
_PAGES_IN_HAND = 2
_LOOKS = 4  # attempts, on whatever machine, before a document that is not there counts as lost
_CUT = "More lines were found on the page than are read of one: the longest were left out."
_log = structlog.get_logger()

Chosen = tuple[Reader, Model]
"""The reader of a slice, and the model that it reads with."""


@dataclass(frozen=True)
class _Source:
    """The document of a slice, who wants its pages, where they were read before, and what the slice
    leaves for who asks that later."""

    path: Path
    asker: Asker
    earlier: Earlier | None = None
    note: Note | None = None


@dataclass(frozen=True)
class SliceReader:
    """What reading a slice needs. `stopping` says that the worker is on its way out."""

    slices: SliceQueue
    blobs: BlobStore
    loader: PageLoader
    models: Models
    earlier: EarlierPages
    pages: Executor
    slice_pages: int
    stopping: Callable[[], bool]

    def read(self, lease: Lease) -> None:
        """Read what is left of the slice. Raises StaleAttempt, ServiceError."""
        claim = lease.claim
        try:
            chosen = self.models.pick(claim.options.model, claim.options.language_model)
            with self._document(claim) as path:
                source = _Source(path, self._asker(lease))
                if claim.pages is None:
                    claim = lease.claim = self._open(lease, source)
                if source.asker.password is None:  # who has none may not read what needs one
                    earlier = self.earlier.find(claim, chosen[1])
                    note = self.earlier.note(claim, chosen[1])
                    source = replace(source, earlier=earlier, note=note)
                self._read_pages(lease, source, chosen)
        except DocumentError as error:
            _log.info("document cannot be read", code=error.code, **names(lease))
            self.slices.fail(claim, error)
            metrics.document_failed(error.code)
            return
        except Unwanted:
            pass
        except OSError as error:
            # The document went away after it was found: erased, or its disk is gone for a moment.
            raise Unavailable("The document's bytes cannot be read right now.") from error
        reach("worker.finish")
        if lease.standing == "held" and self.stopping():
            self.slices.release(claim)
            _log.info("slice requeued", **names(lease))
        elif lease.standing in ("held", "canceled"):
            self.slices.finish(claim)
        _log.info("slice ended", standing=lease.standing, **names(lease))

    @contextmanager
    def _document(self, claim: Claim) -> Iterator[Path]:
        try:
            with self.blobs.local(claim.tenant, claim.job_id, INPUT) as path:
                yield path
        except BlobNotFound as error:
            # Its document was stored before the job was made: that it is not seen here is a fault
            # of the service, which may be over in a moment, or be this machine's alone.
            if claim.attempt < _LOOKS:
                raise Unavailable("The document's bytes are not where they should be.") from error
            _log.error("document is lost", **claim.names)
            raise DocumentLost from error

    def _open(self, lease: Lease, source: _Source) -> Claim:
        claim = lease.claim
        num_pages = self.loader.count_pages(source.path, claim.media_type, source.asker)
        wanted = list(range(1, num_pages + 1))
        if claim.options.pages:
            wanted = PageRanges.parse(claim.options.pages).select(num_pages)
        if not wanted:
            raise NoSuchPages(f"The document has {num_pages} pages, and none of those asked for.")
        opened, _ = self.slices.open(claim, num_pages, wanted, self.slice_pages)
        return opened

    def _read_pages(self, lease: Lease, source: _Source, chosen: Chosen) -> None:
        in_hand: deque[Future[None]] = deque()
        try:
            for number in lease.claim.left:
                if len(in_hand) == _PAGES_IN_HAND:
                    in_hand.popleft().result()
                if lease.standing != "held" or self.stopping():
                    break
                read = partial(self._read_page, lease, source, number, chosen)
                if number == lease.claim.left[-1]:
                    read()  # by this thread, which would only wait for another one
                else:
                    in_hand.append(self.pages.submit(read))
        finally:  # no page may be written after its slice is left; the first error tells why
            if errors := [error for page in in_hand if (error := page.exception())]:
                raise errors[0]

    def _read_page(self, lease: Lease, source: _Source, number: int, chosen: Chosen) -> None:
        with tracing.step("page", lease.trace, page=number):
            claim = lease.claim
            reader, model = chosen
            before = self._before(claim, source.earlier, number)
            record, timings = before or self._page(lease, source, number, reader)
            by = model if record.blob else None
            known = source.earlier.job_id if before and source.earlier else ""
            try:
                outcome = self.slices.record(claim, number, record, timings, by, known, source.note)
            except StaleAttempt:
                self._drop(claim, record)
                raise
            reach("worker.recorded")
            if outcome == "repeated":
                self._drop(claim, record)
            else:
                metrics.page_ended(record, timings, is_new=not before)
            if outcome in ("canceled", "finished"):
                lease.standing = outcome
            lease.progress()

    def _before(
        self, claim: Claim, earlier: Earlier | None, number: int
    ) -> tuple[PageRecord, PageTimings] | None:
        name = _blob_name(claim, number)
        if earlier is None or not self.earlier.take(claim, earlier, number, name):
            return None
        page = Page.model_validate_json(self.blobs.get(claim.tenant, claim.job_id, name))
        return _recorded(name, page), PageTimings()

    def _page(
        self, lease: Lease, source: _Source, number: int, reader: Reader
    ) -> tuple[PageRecord, PageTimings]:
        """Load, read and store one page; a page that cannot be read is a record, too."""
        claim = lease.claim
        started = time.perf_counter()
        try:
            with tracing.step("load"):
                loaded = self.loader.load(source.path, claim.media_type, number, source.asker)
            lease.progress()
            loaded_s = time.perf_counter() - started
            reach("worker.loaded")
            hint = hint_of(self.loader, source.path, number, lease, source.asker)
            reading = self._read(lease, loaded, number, reader, hint)
        except DocumentError as error:
            _log.info("page cannot be read", page=number, code=error.code, **claim.names)
            timings = PageTimings(load_s=time.perf_counter() - started)
            return PageRecord(None, error.code, error.detail), timings
        took = reading.timings
        tracing.past(detect=took.detect_s, recognize=took.recognize_s)
        reach("worker.read")
        record = self._stored(claim, enlarged(reading.page, loaded.full), loaded.picture)
        timings = PageTimings(loaded_s, took.detect_s, took.recognize_s)
        if loaded.damage:
            return replace(record, code=DocumentDamaged.code, detail=loaded.damage), timings
        if reading.is_cut:
            return replace(record, code=PageTooLarge.code, detail=_CUT), timings
        return record, timings

    def _asker(self, lease: Lease) -> Asker:
        claim = lease.claim
        password = None
        if claim.media_type == PDF:
            with suppress(BlobNotFound):
                password = self.blobs.get(claim.tenant, claim.job_id, PASSWORD).decode()
        return Asker(Flow(claim.tenant, lease.is_bulk), lease.check, password)

    def _stored(self, claim: Claim, page: Page, picture: NDArray[np.uint8] | None) -> PageRecord:
        name = _blob_name(claim, page.page)
        if picture is not None and claim.tenant != CANARY_TENANT:  # nobody looks at the canary
            small = picture_of(picture, page.rotation)
            self.blobs.put_passing(claim.tenant, claim.job_id, picture_name(name), small)
        self.blobs.put(claim.tenant, claim.job_id, name, page.model_dump_json().encode())
        reach("worker.stored")
        return _recorded(name, page)

    def _read(
        self, lease: Lease, loaded: LoadedPage, number: int, reader: Reader, hint: Hint | None
    ) -> Reading:
        claim = lease.claim
        try:
            return reader.read(loaded.picture, number, job=claim.job_id, watch=lease, hint=hint)
        except (DeviceLost, Unwanted):
            raise
        except Exception as error:  # whatever one page does to the model, the others are read
            _log.exception("reading failed; the page is given up", page=number, **claim.names)
            raise ReadFailed from error

    def _drop(self, claim: Claim, record: PageRecord) -> None:
        if record.blob:
            for name in (record.blob, picture_name(record.blob)):
                self.blobs.delete(claim.tenant, claim.job_id, name)


def _recorded(name: str, page: Page) -> PageRecord:
    return PageRecord(name, print=print_of(page.page, [line.text for line in page.lines]))


def _blob_name(claim: Claim, page: int) -> str:
    return f"page-{page}.{claim.index}.{claim.attempt}.json"
