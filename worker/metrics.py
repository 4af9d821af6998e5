"""All that a worker counts and measures, for Prometheus; told in one line where it happens."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from shared.errors.documents import DocumentError
from shared.observing.declaring import LONG, QUICK, counter, histogram
from shared.store import keys
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, PageTimings

_KINDS: list[type[DocumentError]] = [DocumentError, *DocumentError.__subclasses__()]
_CODES = [kind.code for kind in _KINDS]
_NETWORKS = ("detect", "classify", "recognize")
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

_QUEUE_WAIT = histogram(
    "queue_wait_seconds", "From a job's acceptance to its first claim", LONG, "lane", keys.LANES
)
_CLAIMS = counter("slices_claimed", "Slices that were claimed", "lane", keys.LANES)
_RETRIES = Counter("docchu_slice_retries", "Of those, such that were claimed before")
_REFUSED = Counter("docchu_writes_refused", "Writes of attempts that another one has replaced")
_LOAD = Histogram("docchu_page_load_seconds", "Opening and drawing a page", buckets=QUICK)
_DETECT = Histogram("docchu_page_detect_seconds", "Finding a page's lines", buckets=QUICK)
_RECOGNIZE = Histogram("docchu_page_recognize_seconds", "Reading a page's lines", buckets=QUICK)
_READ = Counter("docchu_pages_read", "Pages that were read, be it in part")
_REUSED = Counter("docchu_pages_reused", "Pages taken from an earlier reading of the document")
_PROBLEMS = counter("page_problems", "Pages not read, or in part, by reason", "code", _CODES)
_FAILURES = counter("document_failures", "Documents that cannot be read", "code", _CODES)
_BATCHES = histogram(
    "batch_items",
    "Pictures in one call of a network: lines to recognize",
    _ITEMS,
    "network",
    _NETWORKS,
)


def claimed(claim: Claim) -> None:
    """A slice was claimed."""
    _CLAIMS.labels(claim.options.priority).inc()
    if claim.attempt > 1:
        _RETRIES.inc()
    if claim.waited_s is not None:
        _QUEUE_WAIT.labels(claim.options.priority).observe(claim.waited_s)


def refused() -> None:
    """The store refused what a stale attempt wrote."""
    _REFUSED.inc()


def document_failed(code: str) -> None:
    """A document as a whole cannot be read."""
    _FAILURES.labels(code).inc()


def page_ended(record: PageRecord, timings: PageTimings, *, is_new: bool) -> None:
    """A page was recorded; if it is not new, as an earlier reading of the same document had it."""
    if not is_new:
        _REUSED.inc()
        return
    _LOAD.observe(timings.load_s)
    if record.blob:
        _READ.inc()
        _DETECT.observe(timings.detect_s)
        _RECOGNIZE.observe(timings.recognize_s)
    if record.code:
        _PROBLEMS.labels(record.code).inc()


def network_ran(network: str, num_items: int) -> None:
    """A network was called."""
    _BATCHES.labels(network).observe(num_items)
