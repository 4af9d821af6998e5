"""What was read: a job's result in its formats, streamed page by page, and single pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, request, send_file
from pydantic import BaseModel, Field

from api.http.auth import authenticate, tenant
from api.http.filenames import disposition, result_name
from api.http.openapi import answers
from api.jobs.formats import FORMATS, format_name
from api.jobs.formats import stream_text as text_of
from api.jobs.options import NoQuery
from api.jobs.searchable import searchable_pdf
from api.services import Services, services
from shared import errors
from shared.blobs import BlobNotFound, picture_name
from shared.jobs import Job, Model, Status
from shared.result import Page

results = APIBlueprint("results", __name__, tag="Results")
results.before_request(authenticate)

_NAMES = ", ".join(f"`{name}`" for name in FORMATS)
_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Result(BaseModel):
    """All that was read of a document; pages that could not be read are absent."""

    job_id: str
    model: Model | None
    pages: list[Page]


class ResultQuery(NoQuery):
    """In which format."""

    format: str | None = Field(
        default=None, max_length=32, description=f"{_NAMES}; goes before the header `Accept`"
    )
    partial: bool = Field(
        default=False, description="Of a job that was canceled or failed, what had been read of it"
    )


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

    As `json` (default), `text`, `markdown`, `hocr`, `alto` or `pdf` (the document with an invisible
    text over its pages): by `format`, else by the header `Accept`. A job that ended `partial` has a
    result, too, without the pages that its `error` names; of one that was canceled, `partial=true`
    gives what had been read.
    """
    parts = services()
    job = parts.jobs.get(tenant(), job_id)
    name = format_name(query.format, request)
    if not (query.partial and job.status.terminal and _was_read(parts, job)):
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


@results.get("/v1/jobs/<job_id>/pages/<number>/image")
@results.input(NoQuery, location="query", arg_name="query")
@results.output({}, content_type="image/jpeg", description="The picture")
@results.doc(
    responses=answers(
        errors.JobNotFound,
        errors.PageNotFound,
        errors.PageNotRead,
        errors.PageFailed,
        errors.JobGone,
        errors.InvalidOption,
    )
    | {204: "The page has no picture, as one of a bulk PDF whose text it brought along"}
    | {304: "The picture is the one of `If-None-Match`"}
)
def show_picture(job_id: str, number: str, query: NoQuery) -> Response:
    """Get the picture of a page as soon as it is read

    A JPEG, scaled down, and turned as the page's `rotation` says: the boxes fit it after scaling.
    """
    parts = services()
    page = int(number) if _PAGE_NUMBER.fullmatch(number) else 0
    record = parts.jobs.page(tenant(), job_id, page)
    name = picture_name(str(record.blob))
    try:
        picture = parts.blobs.get(tenant(), job_id, name)
    except (BlobNotFound, FileNotFoundError):
        picture = b""
    if not picture:
        return Response(status=HTTPStatus.NO_CONTENT)
    answer = Response(picture, mimetype="image/jpeg")
    answer.set_etag(sha256(f"{job_id} {name}".encode()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Authorization"
    answer.make_conditional(request)
    return answer


def stream_text(parts: Services, job: Job) -> Iterator[bytes]:
    """The text of a finished job."""
    return text_of(job, stored_pages(parts, job))


def _answer(parts: Services, job: Job, name: str) -> Response:
    chosen = FORMATS[name]
    # A result never changes: what is read of a job is read once, and kept or erased.
    etag = sha256(f"{job.id} {job.finished_at} {name}".encode()).hexdigest()[:32]
    if request.if_none_match.contains_weak(etag):
        answer = Response(status=304)
    elif chosen.stream is None:
        answer = _file(searchable_pdf(parts, job), chosen.media_type, etag)
    else:
        answer = Response(chosen.stream(job, stored_pages(parts, job)), mimetype=chosen.media_type)
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Accept, Authorization"
    file_name = result_name(job.document.name, chosen.suffix)
    answer.headers["Content-Disposition"] = disposition(file_name)
    return answer


def _file(path: Path, media_type: str, etag: str) -> Response:
    """A file, or the part of it that `Range` asks for: viewers of long documents do."""
    return send_file(path.absolute(), mimetype=media_type, etag=etag)


def stored_pages(parts: Services, job: Job) -> Iterator[bytes]:
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


def _was_read(parts: Services, job: Job) -> bool:
    return any(record.blob for record in parts.jobs.pages(job.tenant, job.id).values())


def _check_finished(job: Job) -> None:
    if not job.status.terminal:
        raise errors.JobNotFinished(job_status=job.status, eta_s=job.queue.eta_s)
    check_readable(job)
