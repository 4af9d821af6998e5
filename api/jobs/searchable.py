"""The searchable PDF of a job: made once, in a process of its own, then kept beside the pages."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from api.services import Services
from shared import errors
from shared.blobs import INPUT, BlobNotFound
from shared.formats.pdf_process import Order, PdfFailed, made_pdf
from shared.jobs import Job

_NAME = "searchable.pdf"
_MAX_AT_ONCE = 2
"""In one API process: a PDF is seconds of work, and other answers are to go on meanwhile."""
_turns = threading.BoundedSemaphore(_MAX_AT_ONCE)


def searchable_pdf(parts: Services, job: Job) -> Path:
    """Where the PDF lies. Raises FormatNotAvailable where none can be made, and JobGone."""
    try:
        return parts.blobs.path(job.tenant, job.id, _NAME)
    except BlobNotFound:
        pass
    with _turns:
        _make(parts, job)
    try:
        # Erased while it was made: what was made goes the same way.
        parts.jobs.get(job.tenant, job.id)
        return parts.blobs.path(job.tenant, job.id, _NAME)
    except (errors.JobGone, errors.JobNotFound, BlobNotFound):
        parts.blobs.delete_job(job.tenant, job.id)
        raise errors.JobGone from None


def _make(parts: Services, job: Job) -> None:
    order = _order(parts, job)
    try:
        with made_pdf(order) as made, parts.blobs.upload() as upload:
            shutil.copyfileobj(made, upload, 1 << 20)
            parts.blobs.keep(upload, job.tenant, job.id, _NAME)
    except PdfFailed:
        raise errors.FormatNotAvailable(
            "No searchable PDF can be made of this document: it is damaged, or too large. The other"
            " formats are there."
        ) from None


def _order(parts: Services, job: Job) -> Order:
    records = parts.jobs.pages(job.tenant, job.id)
    names = [record.blob for _, record in sorted(records.items()) if record.blob]
    try:
        source = parts.blobs.path(job.tenant, job.id, INPUT)
    except BlobNotFound:
        raise errors.FormatNotAvailable(
            "The searchable PDF is made of the document itself, and that is kept for a shorter time"
            " than what was read of it. The other formats are there."
        ) from None
    try:
        pages = [str(parts.blobs.path(job.tenant, job.id, name)) for name in names]
    except BlobNotFound:
        raise errors.JobGone from None
    return Order(
        source=str(source.absolute()),
        media_type=job.document.media_type or "",
        pages=[str(Path(page).absolute()) for page in pages],
        max_page_pixels=parts.settings.max_page_pixels,
        max_memory_bytes=parts.settings.page_memory_bytes,
    )
