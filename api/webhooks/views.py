"""Webhooks: register an address, change, rotate its secret, try it out; the tenant's own secret."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import authenticate, tenant
from api.http.operations import NoQuery, json_answer, operation
from api.services import Services, services
from shared import errors
from shared.errors import webhooks as webhook_errors
from shared.ids import new_id
from shared.jobs import moment, rfc3339
from shared.options import Include
from shared.outgoing.addresses import check_briefly
from shared.store.webhooks.outbox import Destination, Event, FanOut
from shared.webhooks import (
    EVENT_TYPES,
    TRIAL,
    Delivery,
    EventType,
    HookAddress,
    HookHeaders,
    Secret,
    Webhook,
    WebhookChanges,
    WebhookWithSecret,
)

webhooks = Blueprint("webhooks", __name__)
webhooks.before_request(authenticate)

_KNOWN = (webhook_errors.WebhookNotFound,)


class NewWebhook(BaseModel):
    """A webhook to register."""

    model_config = ConfigDict(extra="forbid")

    url: HookAddress
    events: tuple[EventType, ...] = Field(default=EVENT_TYPES, min_length=1)
    description: str = Field(default="", max_length=500)
    include: Include | None = None
    headers: HookHeaders = {}  # pydantic copies it


class IncludeQuery(NoQuery):
    """What the webhook's events carry."""

    include: Include | None = Field(
        default=None, description="`text`: with the text, where that fits; the same as in the body"
    )


class WebhookList(BaseModel):
    """The tenant's webhooks, the oldest first."""

    webhooks: list[Webhook]


@webhooks.post("/v1/webhooks")
@operation(
    WebhookWithSecret,
    201,
    "The webhook is registered",
    answer_headers=("Location",),
    query=IncludeQuery,
    body=NewWebhook,
    errors=(errors.AddressRefused, webhook_errors.TooManyWebhooks),
)
def register_webhook(query: IncludeQuery, body: NewWebhook) -> Response:
    """Register a webhook

    It is told of every event of these types from now on. The secret that signs what it gets is
    shown this once.
    """
    parts = services()
    check_briefly(body.url, parts.settings.allow_targets)
    include = query.include or body.include
    given = body.url, body.events, body.description, include, body.headers
    made = parts.webhooks.create(tenant(), *given)
    answer = json_answer(made, HTTPStatus.CREATED)
    answer.headers["Location"] = f"/v1/webhooks/{made.id}"
    return answer


@webhooks.get("/v1/webhooks")
@operation(WebhookList)
def list_webhooks() -> WebhookList:
    """List webhooks"""
    return WebhookList(webhooks=services().webhooks.all(tenant()))


@webhooks.get("/v1/webhooks/<webhook_id>")
@operation(Webhook, errors=_KNOWN)
def show_webhook(webhook_id: str) -> Webhook:
    """Show a webhook, and why it is switched off"""
    return services().webhooks.get(tenant(), webhook_id)


@webhooks.patch("/v1/webhooks/<webhook_id>")
@operation(Webhook, body=WebhookChanges, errors=(*_KNOWN, errors.AddressRefused))
def change_webhook(webhook_id: str, body: WebhookChanges) -> Webhook:
    """Change a webhook, or switch it on or off

    What is pending goes to the new address; what comes due while it is off is not sent.
    """
    parts = services()
    changes = body.given()
    if "url" in changes:
        check_briefly(changes["url"], parts.settings.allow_targets)
    return parts.webhooks.change(tenant(), webhook_id, changes)


@webhooks.delete("/v1/webhooks/<webhook_id>")
@operation(status=204, description="The webhook is deleted", errors=_KNOWN)
def delete_webhook(webhook_id: str) -> Response:
    """Delete a webhook; what it still had coming is not sent"""
    services().webhooks.delete(tenant(), webhook_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@webhooks.post("/v1/webhooks/<webhook_id>/rotate")
@operation(Secret, errors=_KNOWN)
def rotate_webhook(webhook_id: str) -> Secret:
    """Give a webhook a new secret

    The old one signs beside it for 24 hours.
    """
    return services().webhooks.rotate(tenant(), webhook_id)


@webhooks.post("/v1/webhooks/<webhook_id>/test")
@operation(
    Delivery,
    202,
    "The delivery of a `webhook.test` event",
    answer_headers=("Location",),
    errors=_KNOWN,
)
def try_webhook(webhook_id: str) -> Response:
    """Try a webhook out

    Sends an event of the type `webhook.test`, also while the webhook is switched off.
    """
    parts = services()
    delivery = _try(parts, parts.webhooks.get(tenant(), webhook_id))
    answer = json_answer(delivery, HTTPStatus.ACCEPTED)
    answer.headers["Location"] = f"/v1/deliveries/{delivery.id}"
    return answer


@webhooks.get("/v1/webhook-secret")
@operation(Secret)
def show_secret() -> Secret:
    """Show the secret that signs for the `webhook_url` of jobs"""
    return services().webhooks.secret(tenant())


@webhooks.post("/v1/webhook-secret/rotate")
@operation(Secret)
def rotate_secret() -> Secret:
    """Replace the secret that signs for the `webhook_url` of jobs

    The old one signs beside it for 24 hours.
    """
    return services().webhooks.rotate_secret(tenant())


def _try(parts: Services, webhook: Webhook) -> Delivery:
    """Make the delivery of a trial. The event is ours alone, so it does not pass the outbox."""
    event_id, now_ms = new_id("evt"), parts.webhooks.now_ms()
    event = Event(event_id, event_id, TRIAL, now_ms, tenant(), (webhook.id,))
    body: dict[str, Any] = {"type": TRIAL, "timestamp": rfc3339(moment(now_ms))}
    body["data"] = {"webhook_id": webhook.id}
    to = Destination(webhook.id, webhook.url, with_text=False)
    trial = FanOut(event, (to,), json.dumps(body), waits=False)
    parts.outbox.fan_out(trial)
    return parts.deliveries.get(tenant(), trial.deliveries[0]["id"])
