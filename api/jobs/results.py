"""What was read: a job's result in its formats, streamed page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from api.http.auth import authenticate, grant, tenant
from api.http.filenames import disposition, result_name
from api.http.operations import TEXT, Answer, operation
from api.jobs.fields import check_extract, stream_of
from api.jobs.formats import FORMATS, format_name, format_of
from api.jobs.options import VersionQuery
from api.jobs.searchable import made_result
from api.jobs.views import KNOWN_JOB
from api.services import Services, services
from shared import errors
from shared.corrections import Reading
from shared.fields.found import Fields
from shared.jobs import Job, Model, Status
from shared.options import EXTRACT
from shared.result import Page

results = Blueprint("results", __name__)
results.before_request(authenticate)

_TEXTS = ("text", "markdown", "html", "hocr", "alto")
SAME = {304: Answer("It is the one of `If-None-Match`")}
ETAG = {"If-None-Match": {"type": "string", "description": "the `ETag` that is known"}}
OF_RESULT = ("ETag", "Content-Disposition")
ENDED = (
    *KNOWN_JOB,
    errors.FormatNotAvailable,
    errors.JobNotFinished,
    errors.JobFailed,
    errors.JobCanceled,
)


class Result(BaseModel):
    """All that was read of a document; pages that could not be read are absent."""

    job_id: str
    model: Model | None
    pages: list[Page]
    fields: Fields | None = Field(
        default=None,
        exclude_if=lambda fields: fields is None,
        description="only where `extract` asks for them, now or with the job",
    )


class ReadQuery(VersionQuery):
    """Which result."""

    partial: bool = Field(
        default=False, description="Of a job that was canceled or failed, what had been read of it"
    )


class ResultQuery(ReadQuery):
    """Which result, in which format.

    The format is left out of the description: a generated client takes one type for one address.
    """

    format: SkipJsonSchema[str | None] = Field(default=None, max_length=32)
    extract: str | None = Field(
        default=None,
        pattern=EXTRACT,
        description="with the fields of this type of document, or `auto`; as the job says where "
        "absent",
    )


@results.get("/v1/jobs/<job_id>/result")
@operation(
    Result,
    query=ResultQuery,
    answer_headers=OF_RESULT,
    more=SAME,
    headers=ETAG,
    errors=ENDED,
)
def show_result(job_id: str, query: ResultQuery) -> Response:
    """Get the result as JSON

    A job that ended `partial` has a result, too, without the pages that its `error` names; of one
    that was canceled, `partial=true` gives what had been read. `format` in the query, else the
    header `Accept`, chooses one of the other formats at this address, too. `extract` gives the
    fields of what was read, of a job that did not ask for them, too; nothing is read again.
    """
    check_extract(services(), query.extract)
    name = format_name(query.format, request)
    if query.extract and name != "json":
        raise errors.InvalidOption("`extract` goes with the format `json`.", option="extract")
    return result_as(job_id, name, query, query.extract)


@results.get("/v1/jobs/<job_id>/result/<format>")
@operation(
    description="The result",
    content={FORMATS[name].media_type: TEXT for name in _TEXTS},
    query=ReadQuery,
    answer_headers=OF_RESULT,
    more=SAME,
    headers=ETAG,
    errors=ENDED,
)
def show_result_as(job_id: str, format: str, query: ReadQuery) -> Response:
    """Get the result as text

    As `text`, `markdown`, `html`, `hocr` or `alto`.
    """
    return result_as(job_id, format_name(format, request), query)


def result_as(job_id: str, name: str, query: ReadQuery, extract: str | None = None) -> Response:
    """The result in a format, if the job has one."""
    parts = services()
    job = parts.jobs.get(tenant(), job_id)
    if not (query.partial and job.status.terminal and _was_read(parts, job)):
        _check_finished(job)
    return _answer(parts, job, name, query.version, extract)


def _answer(
    parts: Services, job: Job, name: str, reading: Reading, extract: str | None
) -> Response:
    chosen = FORMATS[name]
    # What is read of a job is read once, and kept or erased: a result changes by people alone.
    parts_of_it: list[object] = [job.id, job.finished_at, name]
    if reading == "corrected":
        parts_of_it.append(job.num_corrections)
    if name == "json" and (extract or job.options.extract):
        # Fields do: with the templates, and with the day.
        parts_of_it += [extract, parts.templates_version, datetime.now(UTC).date()]
    etag = sha256(" ".join(map(str, parts_of_it)).encode()).hexdigest()[:32]
    if request.if_none_match.contains_weak(etag):
        answer = Response(status=304)
    elif chosen.stream is None:
        with made_result(parts, grant(), job, name, reading) as path:
            chosen = format_of(name, path)
            answer = _file(path, chosen.media_type, etag)
    else:
        stream = stream_of(parts, job, name, reading, extract)
        answer = Response(stream, mimetype=chosen.media_type)
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Accept, Authorization"
    file_name = result_name(job.document.name, chosen.suffix)
    answer.headers["Content-Disposition"] = disposition(file_name)
    return answer


def _file(path: Path, media_type: str, etag: str) -> Response:
    """A file, or the part of it that `Range` asks for: viewers of long documents do.

    What is no range is to be ignored (RFC 9110, 14.2).
    """
    if request.range is None:
        request.environ.pop("HTTP_RANGE", None)
    return send_file(path.absolute(), mimetype=media_type, etag=etag)


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
