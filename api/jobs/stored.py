"""The pages of a job as they were stored, read back."""

from __future__ import annotations

from collections.abc import Iterator

from api.services import Services
from shared import errors
from shared.blobs import BlobNotFound
from shared.formats.tables import linked_json
from shared.jobs import Job


def stored_pages(parts: Services, job: Job) -> Iterator[bytes]:
    """The pages that were read, in order. An erased one breaks the answer off, unmistakably."""
    records = parts.jobs.pages(job.tenant, job.id)
    names = [record.blob for record in records.values() if record.blob]
    return linked_json(stored_blob(parts, job.tenant, job.id, name) for name in names)


def stored_blob(parts: Services, owner: str, job_id: str, name: str) -> bytes:
    """One of a job's blobs. Raises JobGone where it was erased."""
    try:
        return parts.blobs.get(owner, job_id, name)
    except (BlobNotFound, FileNotFoundError):
        raise errors.JobGone from None
