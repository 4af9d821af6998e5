"""The requests of Azure Document Intelligence's clients, answered in Azure's shapes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, Field

from api.azure.analysis import stream_analysis, times
from api.azure.asking import DOCUMENT, AnalyzeQuery, Asked, ModelId, VersionQuery, receive
from api.azure.problems import ERRORS, AzureErrorDetails, as_azure_says, of_failed
from api.http.auth import authenticate, grant, tenant
from api.http.operations import BINARY, JSON, json_answer, operation
from api.http.problems import retry_after
from api.jobs.searchable import made_result
from api.jobs.stored import stored_pages
from api.jobs.submission import take
from api.jobs.views import KNOWN_JOB, erase
from api.services import services
from shared import errors
from shared.jobs import Job, Moment, Status

azure = Blueprint("azure", __name__)
azure.before_request(authenticate)

_ROOT = "/documentintelligence"
_RESULT = f"{_ROOT}/documentModels/<model_id>/analyzeResults/<result_id>"
_STATUSES = {
    Status.QUEUED: "notStarted",
    Status.RUNNING: "running",
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
}


@azure.after_app_request
def say_as_azure(answer: Response) -> Response:
    """Tell errors in Azure's words, those of addresses that this service has not, too."""
    return as_azure_says(answer) if request.path.startswith(f"{_ROOT}/") else answer


class AnalyzeOperation(BaseModel):
    """How an analysis stands, with its result or its error once it has ended."""

    status: str
    createdDateTime: Moment
    lastUpdatedDateTime: Moment
    error: AzureErrorDetails | None = Field(default=None, exclude_if=lambda error: error is None)
    analyzeResult: dict[str, Any] | None = Field(
        default=None,
        exclude_if=lambda result: result is None,
        description="`content`, `pages`, `paragraphs`, `tables`, `warnings` and what they are of",
    )


@azure.post(f"{_ROOT}/documentModels/<model_id>:analyze")
@operation(
    status=202,
    description="The document was accepted",
    answer_headers=("Operation-Location", "Retry-After"),
    body=DOCUMENT,
    errors=(
        errors.ModelNotFound,
        errors.EmptyDocument,
        errors.AddressRefused,
        errors.QueueFull,
    ),
    error_body=ERRORS,
)
def analyze(model_id: str) -> Response:
    """Submit a document, as Azure's clients do

    What is read is the same for both models; `prebuilt-layout` tells tables, too. The answer is
    empty: `Operation-Location` is where to ask. A result id is the id of a job.
    """
    parts = services()
    query = AnalyzeQuery.of(request)
    asked = query.asked(model_id)
    options = asked.options(query.pages, parts.settings.result_ttl_s)
    taken = take(parts, tenant(), lambda sink: receive(request, parts.settings, sink, options))
    answer = Response(status=HTTPStatus.ACCEPTED)
    path = f"documentModels/{model_id}/analyzeResults/{taken.job.id}"
    version = quote(asked.api_version, safe="")
    # Absolute, as the clients need it: at the address that they themselves have used.
    place = f"{request.host_url.rstrip('/')}{_ROOT}/{path}?api-version={version}"
    answer.headers["Operation-Location"] = place
    answer.headers["Retry-After"] = str(retry_after(taken.job.queue.eta_s))
    return answer


@azure.get(_RESULT)
@operation(
    AnalyzeOperation,
    query=VersionQuery,
    answer_headers=("Retry-After",),
    errors=KNOWN_JOB,
    error_body=ERRORS,
)
def show_analysis(model_id: ModelId, result_id: str) -> Response:
    """Show how an analysis stands, with its result at the end

    Pages that could not be read are named in `warnings`.
    """
    parts = services()
    job, asked = _analysis(model_id, result_id)
    if job.status.has_result:
        stream = stream_analysis(job, asked, lambda: stored_pages(parts, job))
        return Response(stream, mimetype=JSON)
    error = of_failed(job.error) if job.error else None
    found = {"status": _STATUSES[job.status], "error": error, **times(job)}
    answer = json_answer(AnalyzeOperation.model_validate(found))
    if not job.status.terminal:
        answer.headers["Retry-After"] = str(retry_after(job.queue.eta_s))
    return answer


@azure.get(f"{_RESULT}/pdf")
@operation(
    description="The whole file",
    content={"application/pdf": BINARY},
    query=VersionQuery,
    errors=(*KNOWN_JOB, errors.FormatNotAvailable, errors.JobNotFinished),
    error_body=ERRORS,
)
def show_analysis_pdf(model_id: ModelId, result_id: str) -> Response:
    """Get the searchable PDF of an analysis

    That was asked for with `output=pdf`, and has succeeded.
    """
    job, asked = _analysis(model_id, result_id)
    if not job.status.terminal:
        raise errors.JobNotFinished(eta_s=job.queue.eta_s)
    if not asked.pdf or not job.status.has_result:
        raise errors.JobNotFound("There is no PDF of this analysis.")
    with made_result(services(), grant(), job, "pdf") as path:
        return send_file(path.absolute(), mimetype="application/pdf")


@azure.delete(_RESULT)
@operation(
    status=204,
    description="It is erased",
    query=VersionQuery,
    errors=KNOWN_JOB,
    error_body=ERRORS,
)
def erase_analysis(model_id: ModelId, result_id: str) -> Response:
    """Erase the document of an analysis and its result at once"""
    job, _ = _analysis(model_id, result_id)
    erase(services(), tenant(), job.id)
    return Response(status=HTTPStatus.NO_CONTENT)


def _analysis(model_id: str, result_id: str) -> tuple[Job, Asked]:
    """A job that was asked for by a client of Azure, with this model. Raises JobNotFound."""
    job = services().jobs.get(tenant(), result_id)
    asked = Asked.of(job.metadata)
    if asked is None or asked.model != model_id:
        raise errors.JobNotFound
    return job, asked
