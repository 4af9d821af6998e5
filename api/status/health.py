"""Whether the service is alive and can do work, and its figures for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from api.http.operations import TEXT, operation
from api.status.metrics import metrics
from api.status.readiness import check_ready
from shared import errors

health = Blueprint("health", __name__)


class Healthy(BaseModel):
    """The service is alive."""

    status: str


@health.get("/healthz")
@operation(Healthy, query=None)
def alive() -> Healthy:
    """Say that this process answers"""
    return Healthy(status="ok")


@health.get("/ping")
@operation(Healthy, query=None)
def ping() -> Healthy:
    """Say that this process answers, as TorchServe does"""
    return Healthy(status="Healthy")


@health.get("/readyz")
@operation(Healthy, query=None, errors=(errors.NotReady, errors.Unavailable))
def ready() -> Healthy:
    """Say whether documents can be read

    A worker runs, a trial reading went through the real queue lately, and documents and their jobs
    can be stored; if not, the answer is 503 with the reason.
    """
    check_ready()
    return Healthy(status="ready")


@health.get("/metrics")
@operation(
    description="Figures in Prometheus' text format", content={"text/plain": TEXT}, query=None
)
def figures() -> Response:
    """Give figures to Prometheus

    Those of the queue are of the whole service; `docchu_http_requests_total` is of this process.
    """
    return Response(metrics().text(), content_type=CONTENT_TYPE_LATEST)
