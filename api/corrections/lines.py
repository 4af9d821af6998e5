"""The lines that people corrected or confirmed, as a zip that `training.lines.real` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api.batches.archive import items_of
from api.batches.zip_writer import ZipWriter
from api.jobs.stored import stored_blob
from api.server.aside import aside
from api.services import Services
from shared import errors
from shared.blobs import BlobNotFound, picture_name
from shared.corrections import corrected
from shared.formats.cutting import cut_line
from shared.jobs import Job
from shared.result import Line, Page

ZIP = "application/zip"
_JOBS = 100  # of one round trip
_PIECE_BYTES = 64 * 1024
_LABELS = ["file\ttext\tkind\n"]
_LEFT_OUT = ["job_id\tpage\tline\n"]


def stream_lines(
    parts: Services, tenant: str, job_id: str | None, batch_id: str | None
) -> Iterator[bytes]:
    """The zip, piece by piece: of one job, of a batch, or of all of a tenant's."""
    out = bytearray()
    writer = ZipWriter(out.extend)
    labels, left_out = list(_LABELS), list(_LEFT_OUT)
    try:
        for job in _jobs(parts, tenant, job_id, batch_id):
            for page, picture in _pages(parts, job):
                for place, line in _taught(page):
                    if not picture:
                        left_out.append(f"{job.id}\t{page.page}\t{place}\n")
                        continue
                    name = f"{job.id}-{page.page}-{place}.png"
                    _entry(writer, name, [aside(cut_line, picture, page.width, line.box)])
                    labels.append(f"{name}\t{line.text}\t{_kind(line)}\n")
                    if len(out) >= _PIECE_BYTES:
                        yield bytes(out)
                        out.clear()
        _entry(writer, "labels.tsv", (row.encode() for row in labels))
        if len(left_out) > len(_LEFT_OUT):
            _entry(writer, "left_out.tsv", (row.encode() for row in left_out))
        writer.close()
        yield bytes(out)
    finally:
        writer.drop()


def _entry(writer: ZipWriter, name: str, pieces: Iterable[bytes]) -> None:
    writer.begin(name)
    for piece in pieces:
        writer.data(piece)
    writer.end()


def _jobs(parts: Services, tenant: str, job_id: str | None, batch_id: str | None) -> Iterator[Job]:
    """Those of them that have corrections."""
    if job_id:
        found: Iterable[Job] = parts.jobs.of_ids([job_id])
    elif batch_id:
        found = (job for _, job in items_of(parts, batch_id) if job)
    else:
        found = _in_rounds(parts, parts.corrections.jobs(tenant))
    return (job for job in found if job.num_corrections)


def _in_rounds(parts: Services, ids: Iterator[str]) -> Iterator[Job]:
    while some := [one for _, one in zip(range(_JOBS), ids, strict=False)]:
        yield from parts.jobs.of_ids(some)


def _pages(parts: Services, job: Job) -> Iterator[tuple[Page, bytes]]:
    """The pages with corrections, each with its picture, which may be empty."""
    try:
        records = parts.jobs.pages(job.tenant, job.id)
        for number, changes in sorted(parts.corrections.of(job.id).lines.items()):
            name = str(records[number].blob)
            page = Page.model_validate_json(stored_blob(parts, job.tenant, job.id, name))
            try:
                picture = parts.blobs.get(job.tenant, job.id, picture_name(name))
            except (BlobNotFound, FileNotFoundError):
                picture = b""
            yield corrected(page, changes), picture
    except (errors.JobGone, errors.JobNotFound, KeyError):
        return  # erased this moment


def _taught(page: Page) -> Iterator[tuple[int, Line]]:
    """The lines that somebody looked at and that say something."""
    for place, line in enumerate(page.lines):
        if line.text and line.correction and line.correction.kind in ("text", "confirmed"):
            yield place, line


def _kind(line: Line) -> str:
    assert line.correction is not None
    return "corrected" if line.correction.kind == "text" else line.correction.kind
