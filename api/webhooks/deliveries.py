"""Deliveries of webhooks: the log with every attempt, and sending one once more."""

from __future__ import annotations

from flask import Blueprint
from pydantic import BaseModel, Field

from api.http.auth import authenticate, tenant
from api.http.operations import NoQuery, operation
from api.services import services
from shared import errors
from shared.errors import webhooks as webhook_errors
from shared.webhooks import Delivery, DeliveryStatus

deliveries = Blueprint("deliveries", __name__)
deliveries.before_request(authenticate)


class DeliveryQuery(NoQuery):
    """Which deliveries to list."""

    job: str | None = Field(default=None, max_length=64, description="only of this job or batch")
    endpoint: str | None = Field(default=None, max_length=64, description="only to this webhook")
    status: DeliveryStatus | None = Field(default=None, description="only of this status")
    limit: int = Field(default=20, ge=1, le=100, description="deliveries in one answer, at most")
    cursor: str | None = Field(
        default=None, max_length=64, description="`next_cursor` of the answer before"
    )


class DeliveryList(BaseModel):
    """Some deliveries, newest first, and where to go on: null at the end."""

    deliveries: list[Delivery]
    next_cursor: str | None


@deliveries.get("/v1/deliveries")
@operation(DeliveryList, query=DeliveryQuery)
def list_deliveries(query: DeliveryQuery) -> DeliveryList:
    """List deliveries, newest first

    Kept 30 days, and of the oldest ones only so many. `next_cursor` goes into `cursor`.
    """
    found = services().deliveries.newest(
        tenant(),
        job_id=query.job,
        webhook_id=query.endpoint,
        status=query.status,
        limit=query.limit,
        cursor=query.cursor,
    )
    return DeliveryList(deliveries=found.deliveries, next_cursor=found.next_cursor)


@deliveries.get("/v1/deliveries/<delivery_id>")
@operation(Delivery, errors=(webhook_errors.DeliveryNotFound,))
def show_delivery(delivery_id: str) -> Delivery:
    """Show a delivery with its attempts

    Of what the receiver answered only the status is kept.
    """
    return services().deliveries.get(tenant(), delivery_id)


@deliveries.post("/v1/deliveries/<delivery_id>/redeliver")
@operation(
    Delivery,
    202,
    "The delivery is due at once",
    errors=(webhook_errors.DeliveryNotFound, webhook_errors.DeliveryInFlight, errors.JobGone),
)
def redeliver(delivery_id: str) -> Delivery:
    """Send a delivery once more, now

    The same event with the same id and body, from the first step of the schedule. Nothing is left
    to be sent of a job that was erased.
    """
    return services().deliveries.redeliver(tenant(), delivery_id)
