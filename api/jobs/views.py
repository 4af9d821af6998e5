"""Jobs: submit a document, watch its job, list, cancel and erase."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, request
from pydantic import BaseModel

from api.http.auth import authenticate, grant, tenant
from api.http.operations import JSON, Answer, json_answer, operation, texts
from api.http.problems import retry_after
from api.jobs.options import DOCUMENT, RERUN, ListQuery, WaitQuery, preferred_wait_s
from api.jobs.request_parsing import receive, receive_again
from api.jobs.searching import AT_ONCE, search
from api.jobs.submission import Taken, find_in_batch, take
from api.services import Services, services
from shared import errors
from shared.errors import batches as batch_errors
from shared.jobs import Job
from shared.options import JobRequest
from shared.running.failpoints import reach
from shared.searching import Query
from shared.store.jobs.filtering import JobFilter

jobs = Blueprint("jobs", __name__)
jobs.before_request(authenticate)

KNOWN_JOB = (errors.JobNotFound, errors.JobGone)
_MAX_KEY_LENGTH = 255  # characters
IDEMPOTENCY_KEY = {
    "type": "string",
    # What Python calls printable of Latin-1, which headers are written in.
    "pattern": r"^[\x20-\x7e\xa1-\xac\xae-\xff]+$",
    "minLength": 1,
    "maxLength": _MAX_KEY_LENGTH,
    "description": "kept 24 h: a repeated request makes one job, or one batch",
}
_OF_REQUEST = {
    "Idempotency-Key": IDEMPOTENCY_KEY,
    "Prefer": {
        "type": "string",
        "description": "`wait=N`: answer 200 with the finished job if it ends in N seconds",
    },
}
_TAKING = (
    errors.IdempotencyInFlight,
    errors.AddressRefused,
    errors.IdempotencyMismatch,
    errors.QueueFull,
)
_LIMITS = ("RateLimit-Policy", "RateLimit")
_OF_NEW = ("Location", "Retry-After", "Idempotent-Replayed", "Preference-Applied", *_LIMITS)


class JobList(BaseModel):
    """Some jobs, newest first, and where to go on: null at the end."""

    jobs: list[Job]
    next_cursor: str | None


@jobs.post("/v1/jobs")
@operation(
    Job,
    202,
    "The job was accepted",
    answer_headers=_OF_NEW,
    more={200: Answer("It ended in time, or was there already", {JSON: Job}, _OF_NEW)},
    body=DOCUMENT,
    headers=_OF_REQUEST,
    errors=(
        errors.EmptyDocument,
        *_TAKING,
        batch_errors.BatchNotFound,
        batch_errors.BatchGone,
        batch_errors.BatchClosed,
        batch_errors.BatchFull,
        errors.JobGone,
    ),
)
def submit() -> Response:
    """Submit a document

    One document: in the multipart field `file`, as the raw body, or as JSON `{"url": …}` or
    `{"data": "<base64>"}`. Options go into the form, the query or the JSON object. With
    `Prefer: wait=N` the answer is 200 with the finished job if it ends within N seconds. With
    `batch_id` and `custom_id` the document goes into that batch; where a document of this
    `custom_id` is there already, the answer is 200 with its job, whatever was sent.

    What is at a `url` is fetched afterwards. Until then the document's `media_type`, `size` and
    `sha256` are null; where there is no document the job fails with `fetch_failed`,
    `address_refused`, `document_too_large`, `empty_document` or `unsupported_media_type`.
    """
    parts = services()
    if "batch_id" in request.args:  # what is there already need not be uploaded to its end
        options = JobRequest.of_texts(texts(request.args), parts.settings.result_ttl_s)
        if options.custom_id and (known := find_in_batch(parts, tenant(), options)):
            return _submitted(parts, known)
    taken = take(
        parts,
        tenant(),
        lambda sink: receive(request, parts.settings, sink),
        idempotency_key(request.headers.get("Idempotency-Key")),
    )
    return _submitted(parts, taken)


@jobs.get("/v1/jobs")
@operation(JobList, query=ListQuery)
def list_jobs(query: ListQuery) -> JobList:
    """List jobs, newest first

    Erased and expired jobs are left out. `next_cursor` goes into `cursor` for the next ones, until
    it is null; an answer may have fewer than `limit`: a job's status may change meanwhile, of a
    name or metadata so many jobs are looked at for one answer and no more, and for `q` half a
    second. Where `q` is in its text, a job's `found` says.
    """
    parts, asked = services(), query.wanted
    status, limit, cursor = query.status, query.limit, query.cursor
    if query.q is None:
        found = parts.jobs.newest(tenant(), status=status, limit=limit, cursor=cursor, wanted=asked)
    else:
        among = parts.jobs.wanted(tenant(), status, cursor, asked or JobFilter(), AT_ONCE)
        found = search(parts, tenant(), Query(query.q), among, limit)
    return JobList(jobs=found.jobs, next_cursor=found.next_cursor)


@jobs.get("/v1/jobs/<job_id>")
@operation(Job, query=WaitQuery, errors=KNOWN_JOB, answer_headers=("Retry-After",))
def show_job(job_id: str, query: WaitQuery) -> Response:
    """Show a job, or wait for its end

    With `wait` the answer comes when the job ends or the seconds are over, whatever is first. A
    service that has too many waiting already answers at once.
    """
    parts = services()
    return _of_job(_wait(parts, job_id, query.wait) or parts.jobs.get(tenant(), job_id))


@jobs.post("/v1/jobs/<job_id>/cancel")
@operation(Job, errors=KNOWN_JOB, answer_headers=("Retry-After",))
def cancel_job(job_id: str) -> Response:
    """Cancel a job

    Takes effect at the next page. A job that has ended stays as it is.
    """
    return _of_job(services().jobs.cancel(tenant(), job_id))


@jobs.post("/v1/jobs/<job_id>/rerun")
@operation(
    Job,
    202,
    "The new job was accepted",
    answer_headers=_OF_NEW,
    more={200: Answer("It ended in time", {JSON: Job}, _OF_NEW)},
    body=RERUN,
    headers=_OF_REQUEST,
    errors=(*KNOWN_JOB, errors.DocumentNotKept, *_TAKING),
)
def rerun_job(job_id: str) -> Response:
    """Read a job's document again

    A new job, with the options of the old one but for those that are given, in the query or in a
    JSON object; null is the default. The old one stays as it is. Nothing is uploaded: 410 once the
    document is not kept any more. It does not go into the batch of the old one.
    """
    parts, owner = services(), tenant()
    find = partial(parts.jobs.get, owner, job_id)
    taken = take(
        parts,
        owner,
        lambda sink: receive_again(request, parts.settings, find, sink),
        idempotency_key(request.headers.get("Idempotency-Key")),
    )
    return _submitted(parts, taken)


@jobs.delete("/v1/jobs/<job_id>")
@operation(status=204, description="The job is erased", errors=KNOWN_JOB)
def erase_job(job_id: str) -> Response:
    """Erase a job's document, pages and result at once

    A job that has not ended is canceled. What stays is that there was such a job: 410 from now on.
    """
    erase(services(), tenant(), job_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def erase(parts: Services, owner: str, job_id: str) -> None:
    """Erase a job with all its bytes. Raises JobNotFound, JobGone."""
    # The tombstone first: if this process dies in between, the keeper erases the bytes.
    parts.jobs.erase(owner, job_id)
    reach("api.erased")
    parts.blobs.delete_job(owner, job_id)


def _submitted(parts: Services, taken: Taken) -> Response:
    job, applied = taken.job, None
    wait_s = preferred_wait_s(request.headers.get("Prefer"))
    if wait_s:
        # The job is taken by now: whatever happens meanwhile, the answer must say so.
        with suppress(errors.Unavailable, errors.Unauthorized):
            if waited := _wait(parts, job.id, wait_s):
                job, applied = waited, f"wait={wait_s}"
    ended = applied is not None and job.status.terminal
    answer = _of_job(job, HTTPStatus.OK if ended or taken.in_batch else HTTPStatus.ACCEPTED)
    answer.headers["Location"] = job.links.self_
    if applied:
        answer.headers["Preference-Applied"] = applied
    if taken.room:
        answer.headers["RateLimit-Policy"] = f'"pages";q={taken.room.quota}'
        answer.headers["RateLimit"] = f'"pages";r={taken.room.left - 1}'
    if taken.replayed:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _wait(parts: Services, job_id: str, wait_s: float) -> Job | None:
    """The job after waiting for its end; None where there is nothing or no place to wait."""
    if wait_s <= 0:
        return None
    with parts.waiters.place() as free:
        return parts.waiters.wait(parts.jobs, grant(), job_id, wait_s) if free else None


def _of_job(job: Job, status: int = HTTPStatus.OK) -> Response:
    answer = json_answer(job, status)
    if not job.status.terminal:
        answer.headers["Retry-After"] = str(retry_after(job.queue.eta_s))
    return answer


def idempotency_key(header: str | None) -> str | None:
    """The header `Idempotency-Key`, checked. Raises InvalidOption."""
    if header is None:
        return None
    if not 1 <= len(header) <= _MAX_KEY_LENGTH or not header.isprintable():
        raise errors.InvalidOption(
            f"`Idempotency-Key` must have 1 to {_MAX_KEY_LENGTH} printable characters.",
            option="Idempotency-Key",
        )
    return header
