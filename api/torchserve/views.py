"""The requests that TorchServe's clients make, answered in TorchServe's shapes."""

from __future__ import annotations

from flask import Blueprint, Request, Response, request
from pydantic import BaseModel, TypeAdapter

from api.http.auth import authenticate, grant, tenant
from api.http.body import base64_pieces
from api.http.filenames import base_name
from api.http.multipart import read_form
from api.http.operations import BASE64, BINARY, JSON, TEXT, Body, Form, operation
from api.http.problems import STATUSES
from api.jobs.options import RAW_TYPES
from api.jobs.results import stream_text
from api.jobs.submission import Received, take
from api.services import Services, services
from api.torchserve.encodings import GuessingSink
from shared import errors
from shared.errors.documents import DocumentError
from shared.incoming.json_body import read_json
from shared.incoming.sinks import UploadSink
from shared.jobs import Job, Model, Status
from shared.options import JobRequest
from shared.settings import Settings
from shared.store.workers import WorkerInfo

torchserve = Blueprint("torchserve", __name__)
torchserve.before_request(authenticate)

_WAIT_S = 120  # TorchServe's default_response_timeout
_DOCUMENT_FIELDS = ("data", "body")
_LEAST_TTL_S = 600  # TorchServe keeps nothing; the caller knows no job that it could come back for
_OF_DOCUMENTS = {kind.code: kind for kind in STATUSES if issubclass(kind, DocumentError)}


class ModelEntry(BaseModel):
    """A loaded model."""

    modelName: str
    modelUrl: str


class ModelList(BaseModel):
    """The loaded models."""

    models: list[ModelEntry]


class ModelWorker(BaseModel):
    """A process that has the model loaded."""

    id: str
    status: str = "READY"
    gpu: bool


class ModelDescription(BaseModel):
    """A version of a loaded model."""

    modelName: str
    modelVersion: str
    modelUrl: str
    engine: str = "Torch"
    runtime: str = "python"
    minWorkers: int
    maxWorkers: int
    batchSize: int
    workers: list[ModelWorker]


_PREDICTING = (
    errors.EmptyDocument,
    DocumentError,
    errors.QueueFull,
    errors.TooSlow,
)
_BYTES = {**BINARY, "description": "the bytes, or base64 text of them"}
_DOCUMENT = Body(
    {
        "multipart/form-data": Form({"data": BINARY}, ("data",), is_closed=False),
        JSON: {"type": "object", "properties": {"data": BASE64}, "required": ["data"]},
        **dict.fromkeys(RAW_TYPES, _BYTES),
    },
    fields=None,
)


# `curl -T` sends PUT, as TorchServe's own examples do.
@torchserve.route("/predictions/<model>", methods=["POST", "PUT"])
@operation(
    description="The text",
    content={"text/plain": TEXT},
    body=_DOCUMENT,
    query=None,
    errors=_PREDICTING,
)
def predict(model: str) -> Response:
    """Read a document and answer its text

    The document is in the form field `data` or `body`, or is the body itself: its bytes, or base64
    text of them. The model of that name reads; any other name stands for the workers' own.
    """
    parts = services()
    options = _options(model, parts)
    with parts.waiters.place() as free:
        if not free:
            raise errors.ServiceError("Too many requests are waiting already: try again later.")
        taken = take(parts, tenant(), lambda sink: _receive(request, parts.settings, sink, options))
        job = parts.waiters.wait(parts.jobs, grant(), taken.job.id, _WAIT_S)
    if not job.status.terminal:
        parts.jobs.cancel(tenant(), job.id)
        raise errors.TooSlow
    _check_read(job)
    return Response(stream_text(parts, job), mimetype="text/plain")


@torchserve.route("/predictions/<model>/<version>", methods=["POST", "PUT"])
@operation(
    description="The text",
    content={"text/plain": TEXT},
    body=_DOCUMENT,
    query=None,
    errors=_PREDICTING,
)
def predict_version(model: str, version: str) -> Response:
    """Read a document and answer its text

    TorchServe's paths may name a version, which is not looked at.
    """
    return predict(model=model)


@torchserve.get("/models")
@operation(ModelList, query=None)
def list_models() -> ModelList:
    """List the loaded models"""
    names = sorted(services().workers.models())
    return ModelList(models=[ModelEntry(modelName=name, modelUrl=_url(name)) for name in names])


@torchserve.get("/models/<model>")
@operation(
    list[ModelDescription],
    description="The model's versions",
    query=None,
    errors=(errors.ModelNotFound,),
)
def show_model(model: str) -> Response:
    """Describe a loaded model and its workers

    A name that no model has stands for the workers' own, as where it is asked to read.
    """
    alive = services().workers.alive()
    named = [(one, worker) for worker in alive for one in worker.models if one.name == model]
    found = _descriptions(model, named or [(worker.model, worker) for worker in alive])
    if not found:
        raise errors.ModelNotFound
    return Response(_DESCRIPTIONS.dump_json(found), mimetype="application/json")


_DESCRIPTIONS = TypeAdapter(list[ModelDescription])


def _descriptions(asked: str, found: list[tuple[Model, WorkerInfo]]) -> list[ModelDescription]:
    """Each version of what was asked for, under the name that its caller knows."""
    by_version: dict[tuple[str, str], list[WorkerInfo]] = {}
    for model, worker in found:
        by_version.setdefault((model.name, model.version), []).append(worker)
    return [_description(asked, *key, workers) for key, workers in sorted(by_version.items())]


def _description(
    asked: str, name: str, version: str, workers: list[WorkerInfo]
) -> ModelDescription:
    return ModelDescription(
        modelName=asked,
        modelVersion=version,
        modelUrl=_url(name),
        minWorkers=len(workers),
        maxWorkers=len(workers),
        batchSize=max(worker.num_slices for worker in workers),
        workers=[ModelWorker(id=w.id, gpu=w.device.startswith("cuda")) for w in workers],
    )


def _url(name: str) -> str:
    return f"{name}.mar"


def _options(model: str, parts: Services) -> JobRequest:
    """TorchServe's clients name whatever they were told to: what is unknown is no error."""
    max_ttl_s = parts.settings.result_ttl_s
    known = model if model in parts.workers.models() else None
    return JobRequest.of_json({"ttl_s": min(_LEAST_TTL_S, max_ttl_s), "model": known}, max_ttl_s)


def _receive(
    caller: Request, settings: Settings, sink: UploadSink, options: JobRequest
) -> Received:
    """Read the request in any of the forms that TorchServe's handlers of images take."""
    name = None
    guess = GuessingSink(sink)
    body = base64_pieces(caller, settings.max_upload_bytes)
    if caller.mimetype == "multipart/form-data":
        form = read_form(body, caller.mimetype_params.get("boundary", ""), guess, _DOCUMENT_FIELDS)
        name = base_name(form.file_name)
    elif caller.mimetype == "application/json":
        read_json(body, guess, _DOCUMENT_FIELDS)
    else:
        for piece in body:
            guess.write(piece)
        guess.close()
    return Received(options, name)


def _check_read(job: Job) -> None:
    """Raise what the job's document was like, if it could not be read."""
    if job.status is Status.CANCELED:
        raise errors.JobCanceled
    if job.status is Status.FAILED and job.error is not None:
        kind = _OF_DOCUMENTS.get(job.error.code, DocumentError)
        raise kind(job.error.detail)
