"""What TorchServe's management does to models, as far as it is true here: models lie in a folder,
workers find them there by themselves, and how many workers there are is nobody's to say here.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import authenticate_operator
from api.http.operations import operation
from api.services import services
from api.torchserve.views import with_model
from shared import errors
from shared.store.workers import WorkerInfo

management = Blueprint("management", __name__)
management.before_request(authenticate_operator)

_KNOWN = (errors.ModelNotFound,)
_TO_REGISTER = (
    "No worker has found a model `{name}`: put `{name}.safetensors` with its card `{name}.json` "
    "into the folder DOCCHU_MODELS_DIR, where workers find it within seconds."
)


class ManagementStatus(BaseModel):
    """What was done, as TorchServe says it."""

    status: str


class RegisterQuery(BaseModel):
    """Which model; what else TorchServe's clients say of it is passed over."""

    model_config = ConfigDict(extra="ignore")

    url: str = Field(min_length=1, max_length=255, description="its file, such as `receipts.mar`")
    model_name: str | None = Field(default=None, max_length=64)


class ScaleQuery(BaseModel):
    """How many workers are wanted; the rest is passed over."""

    model_config = ConfigDict(extra="ignore")

    min_worker: int = Field(default=1, ge=0)
    max_worker: int | None = Field(default=None, ge=0)


@management.post("/models")
@operation(ManagementStatus, query=RegisterQuery, errors=_KNOWN)
def register_model(query: RegisterQuery) -> ManagementStatus:
    """Register a model that lies in the models folder

    One that was unregistered can be asked for again; every other one could be before. Nothing is
    fetched from elsewhere.
    """
    if urlsplit(query.url).scheme:
        detail = "A model is not fetched by its `url`: put its file into DOCCHU_MODELS_DIR."
        raise errors.InvalidOption(detail, option="url")
    path = PurePosixPath(query.url)
    name = path.stem if path.suffix in (".mar", ".safetensors") else path.name
    if query.model_name not in (None, name):
        detail = f"A model's name is its file's: `{name}` cannot be `{query.model_name}`."
        raise errors.InvalidOption(detail, option="model_name")
    found = _workers_with(name)
    services().workers.register_model(name)
    version = _version(name, found)
    told = f'Model "{name}" Version: {version} registered with {len(found)} initial workers'
    return ManagementStatus(status=told)


@management.delete("/models/<model>")
@operation(ManagementStatus, query=None, errors=(*_KNOWN, errors.NotOffered))
def unregister_model(model: str) -> ManagementStatus:
    """Unregister a model

    From now on nobody can ask for it, until it is registered again; what was asked for is read. Not
    what workers read with where no model is named.
    """
    found = _workers_with(model)
    if any(worker.model.name == model for worker in found):
        raise errors.NotOffered(
            f"`{model}` is what workers read with where no model is named: start them with another "
            "DOCCHU_MODEL first."
        )
    services().workers.unregister_model(model)
    return ManagementStatus(status=f'Model "{model}" unregistered')


@management.put("/models/<model>")
@operation(ManagementStatus, query=ScaleQuery, errors=(*_KNOWN, errors.NotOffered))
def scale_model(model: str, query: ScaleQuery) -> ManagementStatus:
    """Ask for a number of workers

    They are not started from here: the answer says whether there are so many.
    """
    found = len(_workers_with(model))
    most = query.min_worker if query.max_worker is None else query.max_worker
    if query.min_worker <= found <= max(most, query.min_worker):
        return ManagementStatus(status=f"Workers scaled to {found} for model: {model}")
    raise errors.NotOffered(
        f"There are {found} workers for `{model}`, and none is started or stopped from here: "
        "run `python -m worker` as often as you want workers."
    )


@management.put("/models/<model>/<version>/set-default")
@operation(ManagementStatus, query=None, errors=(*_KNOWN, errors.NotOffered))
def set_default_version(model: str, version: str) -> ManagementStatus:
    """Say which version of a model is the default

    A model has the version that its file has: there is one to choose from.
    """
    found = _version(model, _workers_with(model))
    if version != found:
        raise errors.NotOffered(
            f"`{model}` has version {found}: another one comes with another file in its place."
        )
    told = f'Default version successfully updated for model "{model}" to "{version}"'
    return ManagementStatus(status=told)


@management.put("/models/<model>/<version>")
@operation(ManagementStatus, query=ScaleQuery, errors=(*_KNOWN, errors.NotOffered))
def scale_model_version(model: str, version: str) -> Response:
    """Ask for a number of workers with a version of a model"""
    _check_version(model, version)
    return scale_model(model=model)


@management.delete("/models/<model>/<version>")
@operation(ManagementStatus, query=None, errors=(*_KNOWN, errors.NotOffered))
def unregister_model_version(model: str, version: str) -> Response:
    """Unregister a version of a model, which is the model"""
    _check_version(model, version)
    return unregister_model(model=model)


@management.route("/explanations/<model>", methods=["GET", "POST", "PUT"])
def explain(model: str) -> Response:
    """What TorchServe has and this service has not."""
    raise errors.NotOffered("There are no explanations: send the document to /predictions.")


def _check_version(model: str, version: str) -> None:
    found = _version(model, _workers_with(model))
    if version != found:
        raise errors.ModelNotFound(f"`{model}` has version {found}, not `{version[:64]}`.")


def _workers_with(model: str) -> list[WorkerInfo]:
    """The workers that can read with a model of this very name. Raises ModelNotFound."""
    found = [worker for _, worker in with_model(services().workers.alive(), model)]
    if not found:
        raise errors.ModelNotFound(_TO_REGISTER.format(name=model[:64]))
    return found


def _version(model: str, workers: list[WorkerInfo]) -> str:
    return with_model(workers, model)[0][0].version
