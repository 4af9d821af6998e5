"""Whether the service is alive and can do work, and its figures for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from api.http.auth import authenticate_operator
from api.http.operations import TEXT, operation
from api.status.metrics import metrics, outage
from api.status.readiness import check_ready
from shared import errors

health = Blueprint("health", __name__)
figures = Blueprint("figures", __name__)


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


@figures.get("/metrics")
@operation(
    description="Figures in Prometheus' text format",
    content={"text/plain": TEXT},
    query=None,
)
def show_figures() -> Response:
    """Give figures to Prometheus

    Those of the queue are of the whole service; `docchu_http_requests_total` is of all API
    processes behind this address on one machine. Where there are API keys, this wants one of the
    role `admin`. While the store is away nobody can say whose key is which: then there is
    `docchu_store_up 0` and nothing else.
    """
    try:
        authenticate_operator()
        text = metrics().text()
    except errors.Unavailable:
        text = outage()
    return Response(text, content_type=CONTENT_TYPE_LATEST)
