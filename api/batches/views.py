"""Batches: open, watch, list, close, cancel, retry, erase; their jobs."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api.batches.creation import Opened, add_documents, open_batch_of
from api.batches.uploads import BEGINNING, DOCUMENTS
from api.http.auth import authenticate, grant, tenant
from api.http.operations import JSON, Answer, NoQuery, json_answer, operation
from api.http.problems import retry_after
from api.jobs.options import WaitQuery
from api.jobs.views import IDEMPOTENCY_KEY, JobList, idempotency_key
from api.services import services
from shared import errors
from shared.batches import Batch
from shared.errors import batches as batch_errors
from shared.jobs import Status
from shared.running.failpoints import reach
from shared.store.batches.batches import BulkKind

batches = Blueprint("batches", __name__)
batches.before_request(authenticate)

_UPLOADING = (errors.EmptyDocument, errors.TooManyFailedLines, errors.QueueFull)
_KNOWN = (batch_errors.BatchNotFound, batch_errors.BatchGone)
_OF_NEW = ("Location", "Retry-After", "Idempotent-Replayed")


class BatchList(BaseModel):
    """Some batches, newest first, and where to go on: null at the end."""

    batches: list[Batch]
    next_cursor: str | None


class BatchListQuery(NoQuery):
    """Which batches to list."""

    limit: int = Field(default=20, ge=1, le=100, description="batches in one answer, at most")
    cursor: str | None = Field(
        default=None, max_length=64, description="`next_cursor` of the answer before"
    )


class BatchJobsQuery(NoQuery):
    """Which jobs of a batch to list."""

    status: Status | None = Field(default=None, description="only jobs of this status")
    limit: int = Field(default=20, ge=1, le=1000, description="jobs in one answer, at most")
    cursor: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,9}$",
        description="`next_cursor` of the answer before, or any place in the batch",
    )


@batches.post("/v1/batches")
@operation(
    Batch,
    201,
    "The batch is open",
    answer_headers=_OF_NEW,
    more={202: Answer("The documents were accepted", {JSON: Batch}, _OF_NEW)},
    body=BEGINNING,
    headers={"Idempotency-Key": IDEMPOTENCY_KEY},
    errors=(
        errors.IdempotencyInFlight,
        errors.AddressRefused,
        errors.IdempotencyMismatch,
        batch_errors.BatchGone,
        *_UPLOADING,
    ),
)
def open_batch() -> Response:
    """Open a batch, with or without documents

    Many `file` parts of a form, one zip (as the part `file` or as the body), or lines of JSON
    `{"custom_id": …, "url": … or "data": "<base64>"}` with the options of each. They are taken at
    once (202) and unpacked afterwards, each a job of its own under its name with its folders; one
    that cannot be taken becomes a failed job. The batch is closed then, unless `open` is true.

    Without documents the answer is 201 with an open batch: they are added with `POST /v1/jobs`
    (`batch_id`, `custom_id`) or `POST /v1/batches/{batch_id}/documents` until it is closed. Fields
    go into the query, the form or a JSON object.
    """
    key = idempotency_key(request.headers.get("Idempotency-Key"))
    opened = open_batch_of(services(), tenant(), request, key)
    return _opened(opened, HTTPStatus.ACCEPTED if opened.has_documents else HTTPStatus.CREATED)


@batches.post("/v1/batches/<batch_id>/documents")
@operation(
    Batch,
    202,
    "The documents were accepted",
    answer_headers=("Retry-After",),
    body=DOCUMENTS,
    errors=(*_KNOWN, batch_errors.BatchClosed, *_UPLOADING),
)
def add_batch_documents(batch_id: str) -> Response:
    """Add many documents to an open batch

    In the same forms as a batch can begin with. A document whose `custom_id` is there already, out
    of an earlier upload, is left out.
    """
    batch = add_documents(services(), tenant(), batch_id, request)
    return _of_batch(batch, HTTPStatus.ACCEPTED)


@batches.get("/v1/batches")
@operation(BatchList, query=BatchListQuery)
def list_batches(query: BatchListQuery) -> BatchList:
    """List batches, newest first

    `next_cursor` goes into `cursor` for the next ones.
    """
    found = services().batches.newest(tenant(), limit=query.limit, cursor=query.cursor)
    return BatchList(batches=found.batches, next_cursor=found.next_cursor)


@batches.get("/v1/batches/<batch_id>")
@operation(Batch, query=WaitQuery, errors=_KNOWN, answer_headers=("Retry-After",))
def show_batch(batch_id: str, query: WaitQuery) -> Response:
    """Show a batch, or wait for its end

    With `wait` the answer comes when the batch has ended or the seconds are over.
    """
    parts = services()
    if query.wait > 0:
        with parts.waiters.place() as free:
            if free:
                return _of_batch(parts.waiters.wait(parts.batches, grant(), batch_id, query.wait))
    return _of_batch(parts.batches.get(tenant(), batch_id))


@batches.get("/v1/batches/<batch_id>/jobs")
@operation(JobList, query=BatchJobsQuery, errors=_KNOWN)
def list_batch_jobs(batch_id: str, query: BatchJobsQuery) -> JobList:
    """List the jobs of a batch in the order of their submission

    Erased and expired jobs are left out. `next_cursor` goes into `cursor` for the next ones.
    """
    found = services().batch_jobs.page(
        tenant(),
        batch_id,
        status=query.status,
        limit=query.limit,
        after=int(query.cursor or 0),
    )
    return JobList(jobs=found.jobs, next_cursor=found.next_cursor)


@batches.post("/v1/batches/<batch_id>/close")
@operation(Batch, errors=_KNOWN, answer_headers=("Retry-After",))
def close_batch(batch_id: str) -> Response:
    """Close a batch: nothing can be added any more

    It ends when all its jobs have; closing it again changes nothing.
    """
    return _of_batch(services().batches.close(tenant(), batch_id))


@batches.post("/v1/batches/<batch_id>/cancel")
@operation(Batch, errors=_KNOWN, answer_headers=("Retry-After",))
def cancel_batch(batch_id: str) -> Response:
    """Cancel a batch and all its jobs

    It is closed, too. What is read at this moment ends at its next page, of a large batch the rest
    within moments. A batch that has ended stays as it is.
    """
    return _bulk(batch_id, "cancel")


@batches.post("/v1/batches/<batch_id>/retry")
@operation(Batch, errors=(*_KNOWN, batch_errors.BatchBusy), answer_headers=("Retry-After",))
def retry_batch(batch_id: str) -> Response:
    """Read the failed documents of a batch again

    A new job takes the place of each, under the same `custom_id`, and the old one is erased; where
    the document is no longer there, the old one stays. A batch that had ended runs again, and its
    end is told again.
    """
    return _bulk(batch_id, "retry")


@batches.delete("/v1/batches/<batch_id>")
@operation(status=204, description="The batch is gone", errors=_KNOWN)
def erase_batch(batch_id: str) -> Response:
    """Erase a batch with all its jobs, their documents, pages and results

    What has not ended is canceled. The batch answers 410 from now on; of a large one the jobs are
    erased within moments.
    """
    parts = services()
    parts.batches.begin(tenant(), batch_id, "erase")
    reach("api.erased")
    parts.blobs.delete_job(tenant(), batch_id)  # uploads that were not taken apart yet
    parts.bulk.step(batch_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def _bulk(batch_id: str, kind: BulkKind) -> Response:
    parts = services()
    if parts.batches.begin(tenant(), batch_id, kind):
        parts.bulk.step(batch_id)
    return _of_batch(parts.batches.get(tenant(), batch_id))


def _opened(opened: Opened, status: int) -> Response:
    answer = _of_batch(opened.batch, status)
    answer.headers["Location"] = opened.batch.links.self_
    if opened.replayed:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _of_batch(batch: Batch, status: int = HTTPStatus.OK) -> Response:
    answer = json_answer(batch, status)
    if not batch.status.terminal:
        answer.headers["Retry-After"] = str(retry_after(batch.eta_s))
    return answer
