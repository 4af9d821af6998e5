"""Whether the service is alive and can do work, and its figures for Prometheus."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from api.http.openapi import answers
from api.services import services
from api.status.metrics import metrics
from shared import errors

health = APIBlueprint("health", __name__, tag="Health")


class Healthy(BaseModel):
    """The service is alive."""

    status: str


@health.get("/healthz")
@health.output(Healthy)
def alive() -> Healthy:
    """Say that this process answers"""
    return Healthy(status="ok")


@health.get("/ping")
@health.output(Healthy)
def ping() -> Healthy:
    """Say that this process answers, as TorchServe does"""
    return Healthy(status="Healthy")


@health.get("/readyz")
@health.output(Healthy)
@health.doc(responses=answers(errors.NotReady, errors.Unavailable))
def ready() -> Healthy:
    """Say whether documents can be read

    A trial reading went through the real queue lately; if not, the answer is 503 with the reason.
    """
    trouble = services().canary.trouble()
    if trouble:
        raise errors.NotReady(trouble)
    return Healthy(status="ready")


@health.get("/metrics")
@health.doc(responses={200: "Figures in Prometheus' text format"})
def figures() -> Response:
    """Give figures to Prometheus

    Those of the queue are of the whole service; `docchu_http_requests_total` is of this process.
    """
    return Response(metrics().text(), content_type=CONTENT_TYPE_LATEST)
