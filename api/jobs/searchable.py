"""Results that are files: each made once, in a process of its own, then kept beside the pages."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.http.grants import Grant
from api.jobs.stored import unlinked_pages
from api.services import Services
from shared import errors
from shared.blobs import INPUT, PASSWORD, BlobNotFound
from shared.corrections import Reading
from shared.formats.pdf_process import FileFailed, Order, made_file
from shared.jobs import Job

_NAMES = {
    "pdf": "searchable.pdf",
    "docx": "result.docx",
    "xlsx": "tables.xlsx",
    "csv": "tables.csv",
}
_NONE = {
    "pdf": "No searchable PDF can be made of this document: it is damaged, or too large.",
    "docx": "No Word document can be made of this document: it is too large.",
    "xlsx": "No workbook can be made of this document: it has no tables, or is too large.",
    "csv": "No CSV can be made of this document: it has no tables, or is too large.",
}
_NO_DOCUMENT = (
    "The searchable PDF is made of the document itself, and that is kept for a shorter time than "
    "what was read of it. The other formats are there."
)
_MAX_AT_ONCE = 2
"""In one API process: a file may be seconds of work, and other answers are to go on meanwhile."""
_WAIT_S = 25.0  # for another's file, or for a place to make one; clients often wait 30
_LOOK_S = 5.0  # whether the one who makes it has died
_AGAIN_S = 5.0
_turns = threading.BoundedSemaphore(_MAX_AT_ONCE)


@contextmanager
def made_result(
    parts: Services, caller: Grant, job: Job, form: str, reading: Reading = "corrected"
) -> Iterator[Path]:
    """Where the file lies. One request makes it, of all processes; the others wait a while.

    Raises FormatNotAvailable where none can be made, JobGone, and Unavailable for who has waited.
    """
    with ExitStack() as held:
        wanted = _Wanted(parts, job, form, reading)
        yield _awaited(held, caller, wanted)


@dataclass(frozen=True)
class _Wanted:
    """A file of a job, as it was read or with what people set right."""

    parts: Services
    job: Job
    form: str
    reading: Reading

    @property
    def name(self) -> str:
        """The name of its blob."""
        num = self.job.num_corrections
        is_read = self.reading == "original" or not num
        return _NAMES[self.form] if is_read else corrected_name(num, self.form)


def corrected_name(num_corrections: int, form: str) -> str:
    """The name of a file that holds so many corrections."""
    return f"corrected-{num_corrections}.{form}"


def drop_corrected(parts: Services, job: Job) -> None:
    """Erase the files with the corrections that there were: another one has come."""
    if job.num_corrections:
        for form in _NAMES:
            parts.blobs.delete(job.tenant, job.id, corrected_name(job.num_corrections, form))


def _awaited(held: ExitStack, caller: Grant, wanted: _Wanted) -> Path:
    parts, job = wanted.parts, wanted.job
    found = _found(held, wanted)
    if found:
        return found
    with parts.waiters.place() as is_free:
        wait_s = _WAIT_S if is_free else 0
        for _ in parts.waiters.changes(caller, job.id, wait_s, every_s=_LOOK_S, ends_only=True):
            found = _found(held, wanted)
            if found:
                return found
    raise errors.Unavailable("The file is being made: try again in a moment.", eta_s=_AGAIN_S)


def _found(held: ExitStack, wanted: _Wanted) -> Path | None:
    """The file, which is made now unless there is one, or somebody makes it."""
    parts, job, form = wanted.parts, wanted.job, wanted.form
    found = _kept(held, wanted)
    if found:
        return found
    with parts.making.claim(job.id, form) as is_mine:
        if is_mine:  # perhaps since another one has made it this moment
            return _kept(held, wanted) or _made(held, wanted)
    if parts.making.was_given_up(job.id, form):
        raise _none_to_be_made(form)
    return None


def _kept(held: ExitStack, wanted: _Wanted) -> Path | None:
    job = wanted.job
    try:
        return held.enter_context(wanted.parts.blobs.local(job.tenant, job.id, wanted.name))
    except BlobNotFound:
        return None


def _made(held: ExitStack, wanted: _Wanted) -> Path:
    parts, job, form = wanted.parts, wanted.job, wanted.form
    try:
        with (
            _order(wanted) as order,
            _turn(),
            made_file(order) as made,
            parts.blobs.upload() as upload,
        ):
            shutil.copyfileobj(made, upload, 1 << 20)
            parts.blobs.keep(upload, job.tenant, job.id, wanted.name)
    except FileFailed:
        parts.making.give_up(job.id, form)
        raise _none_to_be_made(form) from None
    try:
        # Erased while it was made: what was made goes the same way.
        parts.jobs.get(job.tenant, job.id)
        return held.enter_context(parts.blobs.local(job.tenant, job.id, wanted.name))
    except (errors.JobGone, errors.JobNotFound, BlobNotFound):
        parts.blobs.delete_job(job.tenant, job.id)
        raise errors.JobGone from None


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_WAIT_S):
        raise errors.Unavailable("Other files are being made: try again later.", eta_s=_AGAIN_S)
    try:
        yield
    finally:
        _turns.release()


def _none_to_be_made(form: str) -> errors.FormatNotAvailable:
    return errors.FormatNotAvailable(f"{_NONE[form]} The other formats are there.")


@contextmanager
def _order(wanted: _Wanted) -> Iterator[Order]:
    """What is to be made, of files that are there meanwhile."""
    parts, job, form = wanted.parts, wanted.job, wanted.form
    records = parts.jobs.pages(job.tenant, job.id)
    names = [record.blob for _, record in sorted(records.items()) if record.blob]
    with ExitStack() as held:

        def file(name: str) -> str:
            local = parts.blobs.local(job.tenant, job.id, name)
            return str(held.enter_context(local).absolute())

        try:
            source = file(INPUT) if form == "pdf" else ""
        except BlobNotFound:
            raise errors.FormatNotAvailable(_NO_DOCUMENT) from None
        try:
            if wanted.name == _NAMES[form]:
                pages = [file(name) for name in names]
            else:
                pages = _written(held, unlinked_pages(parts, job))
        except BlobNotFound:
            raise errors.JobGone from None
        yield Order(
            source=source,
            media_type=job.document.media_type or "",
            pages=pages,
            max_page_pixels=parts.settings.max_page_pixels,
            max_memory_bytes=parts.settings.page_memory_bytes,
            form=form,
            password=_password(parts, job),
        )


def _written(held: ExitStack, pages: Iterator[bytes]) -> list[str]:
    folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
    names = []
    for number, page in enumerate(pages):
        names.append(str(folder / f"{number}.json"))
        Path(names[-1]).write_bytes(page)
    return names


def _password(parts: Services, job: Job) -> str:
    try:
        return parts.blobs.get(job.tenant, job.id, PASSWORD).decode()
    except BlobNotFound:
        return ""
