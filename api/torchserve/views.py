"""The requests that TorchServe's clients make, answered in TorchServe's shapes."""

from __future__ import annotations

from flask import Blueprint, Request, Response, request
from pydantic import BaseModel, TypeAdapter

from api.http.auth import authenticate
from api.http.body import base64_pieces
from api.http.filenames import base_name
from api.http.multipart import read_form
from api.http.operations import BASE64, BINARY, JSON, TEXT, Body, Form, operation
from api.jobs.at_once import READING, read_at_once, short_lived
from api.jobs.formats import stream_text
from api.jobs.options import RAW_TYPES
from api.jobs.stored import stored_pages
from api.jobs.submission import Received
from api.services import services
from api.torchserve.encodings import GuessingSink
from shared import errors
from shared.incoming.json_body import read_json
from shared.incoming.sinks import UploadSink
from shared.jobs import Model
from shared.options import JobRequest
from shared.settings import Settings
from shared.store.workers import WorkerInfo

torchserve = Blueprint("torchserve", __name__)
torchserve.before_request(authenticate)

_DOCUMENT_FIELDS = ("data", "body")


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
    errors=READING,
)
def predict(model: str) -> Response:
    """Read a document and answer its text

    The document is in the form field `data` or `body`, or is the body itself: its bytes, or base64
    text of them. The model of that name reads; any other name stands for the workers' own.
    """
    parts = services()
    # These clients name whatever they were told to: what is unknown is no error.
    known = model if model in parts.workers.models() else None
    options = short_lived(parts.settings, known)
    job = read_at_once(parts, lambda sink: _receive(request, parts.settings, sink, options))
    return Response(stream_text(job, stored_pages(parts, job)), mimetype="text/plain")


@torchserve.route("/predictions/<model>/<version>", methods=["POST", "PUT"])
@operation(
    description="The text",
    content={"text/plain": TEXT},
    body=_DOCUMENT,
    query=None,
    errors=READING,
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
    return Response(_DESCRIPTIONS.dump_json(_described(model)), mimetype="application/json")


@torchserve.get("/models/<model>/<version>")
@operation(
    list[ModelDescription],
    description="The version, or `all` of them",
    query=None,
    errors=(errors.ModelNotFound,),
)
def show_model_version(model: str, version: str) -> Response:
    """Describe a version of a loaded model, or `all`"""
    found = [one for one in _described(model) if version in (one.modelVersion, "all")]
    if not found:
        raise errors.ModelNotFound(f"`{model[:64]}` has no version `{version[:64]}`.")
    return Response(_DESCRIPTIONS.dump_json(found), mimetype="application/json")


def with_model(alive: list[WorkerInfo], name: str) -> list[tuple[Model, WorkerInfo]]:
    """The workers that have a model of this name, with it."""
    models = [(one, worker) for worker in alive for one in worker.models or [worker.model]]
    return [(one, worker) for one, worker in models if one.name == name]


def _described(model: str) -> list[ModelDescription]:
    workers = services().workers
    alive = [] if workers.is_unregistered(model) else workers.alive()
    own = [(worker.model, worker) for worker in alive]
    found = _descriptions(model, with_model(alive, model) or own)
    if not found:
        raise errors.ModelNotFound
    return found


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
