"""The pages of a job as they were stored, read back, with what people set right in them."""

from __future__ import annotations

from collections.abc import Iterator

from api.services import Services
from shared import errors
from shared.blobs import BlobNotFound
from shared.corrections import Reading, corrected, text_only
from shared.formats.tables import linked_json
from shared.jobs import Job
from shared.result import Page


def stored_pages(
    parts: Services, job: Job, reading: Reading = "corrected", *, all_places: bool = False
) -> Iterator[bytes]:
    """The pages that were read, in order. An erased one breaks the answer off, unmistakably.

    `all_places`: lines that are no text keep their places, as empty ones.
    """
    return linked_json(unlinked_pages(parts, job, reading, all_places=all_places))


def unlinked_pages(
    parts: Services, job: Job, reading: Reading = "corrected", *, all_places: bool = False
) -> Iterator[bytes]:
    """The same; tables do not say that they go on."""
    records = parts.jobs.pages(job.tenant, job.id)
    is_changed = reading == "corrected" and job.num_corrections
    changes = parts.corrections.of(job.id).lines if is_changed else {}
    for number, record in records.items():
        if record.blob is None:
            continue
        data = stored_blob(parts, job.tenant, job.id, record.blob)
        if number in changes:
            page = corrected(Page.model_validate_json(data), changes[number])
            data = (page if all_places else text_only(page)).model_dump_json().encode()
        yield data


def stored_blob(parts: Services, owner: str, job_id: str, name: str) -> bytes:
    """One of a job's blobs. Raises JobGone where it was erased."""
    try:
        return parts.blobs.get(owner, job_id, name)
    except (BlobNotFound, FileNotFoundError):
        raise errors.JobGone from None
