"""What was read: a job's result in its formats, streamed page by page, and single pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from apiflask import APIBlueprint
from flask import Request, Response, request
from pydantic import BaseModel, Field

from api.auth import authenticate, tenant
from api.names import disposition, result_name
from api.openapi import answers
from api.options import NoQuery
from api.services import Services, services
from shared import errors
from shared.blobs import BlobNotFound
from shared.jobs import Job, Model, Status
from shared.result import Page, page_text

results = APIBlueprint("results", __name__, tag="Results")
results.before_request(authenticate)

_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Result(BaseModel):
    """All that was read of a document; pages that could not be read are absent."""

    job_id: str
    model: Model | None
    pages: list[Page]


class ResultQuery(NoQuery):
    """In which format."""

    format: str | None = Field(
        default=None, max_length=32, description="`json` or `text`; goes before the header `Accept`"
    )


@dataclass(frozen=True)
class _Format:
    media_type: str
    suffix: str
    stream: Callable[[Job, Iterator[bytes]], Iterator[bytes]]


def _json(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    model = job.model.model_dump() if job.model else None
    yield json.dumps({"job_id": job.id, "model": model})[:-1].encode() + b', "pages": ['
    for index, page in enumerate(pages):
        yield b",\n" + page if index else b"\n" + page
    yield b"\n]}\n"


def _text(job: Job, pages: Iterator[bytes]) -> Iterator[bytes]:
    """The same as `shared.result.document_text`, without all pages at once."""
    for index, page in enumerate(pages):
        text = page_text(Page.model_validate_json(page))
        yield (f"\n\f{text}" if index else text).encode()
    yield b"\n"


_FORMATS = {
    "json": _Format("application/json", "json", _json),
    "text": _Format("text/plain", "txt", _text),
}


@results.get("/v1/jobs/<job_id>/result")
@results.input(ResultQuery, location="query", arg_name="query")
@results.output(Result)
@results.doc(
    responses=answers(
        errors.JobNotFound,
        errors.FormatNotAvailable,
        errors.JobNotFinished,
        errors.JobFailed,
        errors.JobCanceled,
        errors.JobGone,
        errors.InvalidOption,
    )
    | {304: "The result is the one of `If-None-Match`"}
)
def show_result(job_id: str, query: ResultQuery) -> Response:
    """Get the result

    As `json` (default) or `text`: by `format`, else by the header `Accept`. A job that ended
    `partial` has a result, too, without the pages that its `error` names.
    """
    parts = services()
    job = parts.jobs.get(tenant(), job_id)
    name = _format_name(query.format, request)
    _check_finished(job)
    return _answer(parts, job, name)


@results.get("/v1/jobs/<job_id>/pages/<number>")
@results.input(NoQuery, location="query", arg_name="query")
@results.output(Page)
@results.doc(
    responses=answers(
        errors.JobNotFound,
        errors.PageNotFound,
        errors.PageNotRead,
        errors.PageFailed,
        errors.JobGone,
        errors.InvalidOption,
    )
)
def show_page(job_id: str, number: str, query: NoQuery) -> Response:
    """Get one page as soon as it is read

    Pages count from 1.
    """
    parts = services()
    # A number that no document reaches stands for any text that is no page number.
    page = int(number) if _PAGE_NUMBER.fullmatch(number) else 0
    record = parts.jobs.page(tenant(), job_id, page)
    return Response(_blob(parts, tenant(), job_id, str(record.blob)), mimetype="application/json")


def stream_text(parts: Services, job: Job) -> Iterator[bytes]:
    """The text of a finished job."""
    return _text(job, _pages(parts, job))


def _answer(parts: Services, job: Job, name: str) -> Response:
    chosen = _FORMATS[name]
    stream = chosen.stream(job, _pages(parts, job))
    answer = Response(stream, mimetype=chosen.media_type)
    # A result never changes: what is read of a job is read once, and kept or erased.
    answer.set_etag(sha256(f"{job.id} {job.finished_at} {name}".encode()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Accept, Authorization"
    file_name = result_name(job.document.name, chosen.suffix)
    answer.headers["Content-Disposition"] = disposition(file_name)
    answer.make_conditional(request)
    return answer


def _pages(parts: Services, job: Job) -> Iterator[bytes]:
    """The pages that were read, in order. An erased one breaks the answer off, unmistakably."""
    records = parts.jobs.pages(job.tenant, job.id)
    names = [record.blob for record in records.values() if record.blob]
    return (_blob(parts, job.tenant, job.id, name) for name in names)


def _blob(parts: Services, owner: str, job_id: str, name: str) -> bytes:
    try:
        return parts.blobs.get(owner, job_id, name)
    except (BlobNotFound, FileNotFoundError):
        raise errors.JobGone from None


def check_readable(job: Job) -> None:
    """Raise JobFailed or JobCanceled, with the job's own error, if it ended without a result."""
    error = job.error.model_dump(mode="json") if job.error else None
    if job.status is Status.FAILED:
        raise errors.JobFailed(error=error)
    if job.status is Status.CANCELED:
        raise errors.JobCanceled(error=error)


def _check_finished(job: Job) -> None:
    if not job.status.terminal:
        raise errors.JobNotFinished(job_status=job.status, eta_s=job.queue.eta_s)
    check_readable(job)


def _format_name(asked: str | None, caller: Request) -> str:
    """The format of `?format=`, else the one that `Accept` likes best."""
    available = ", ".join(_FORMATS)
    if asked is not None:
        if asked in _FORMATS:
            return asked
        raise errors.FormatNotAvailable(
            f"There is no format `{asked}`; there are: {available}.", available=list(_FORMATS)
        )
    by_type = {chosen.media_type: name for name, chosen in _FORMATS.items()}
    if not caller.accept_mimetypes:
        return next(iter(_FORMATS))
    best = caller.accept_mimetypes.best_match(by_type)
    if best is None:
        raise errors.FormatNotAvailable(
            f"No format fits the header `Accept`; there are: {', '.join(by_type)}.",
            available=list(_FORMATS),
        )
    return by_type[best]
