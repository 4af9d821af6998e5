"""Webhooks: register an address, change, rotate its secret, try it out; the tenant's own secret."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import authenticate, tenant
from api.http.openapi import answers
from api.jobs.options import NoQuery
from api.services import Services, services
from shared import errors, webhook_errors
from shared.ids import new_id
from shared.jobs import moment, rfc3339
from shared.options import Include
from shared.outgoing.addresses import check
from shared.store.webhooks.outbox import Destination, Event, FanOut
from shared.webhooks import (
    EVENT_TYPES,
    TRIAL,
    Delivery,
    EventType,
    Secret,
    Webhook,
    WebhookChanges,
    WebhookWithSecret,
)

webhooks = APIBlueprint("webhooks", __name__, tag="Webhooks")
webhooks.before_request(authenticate)

_KNOWN = answers(errors.InvalidOption, webhook_errors.WebhookNotFound)


class NewWebhook(BaseModel):
    """A webhook to register."""

    model_config = ConfigDict(extra="forbid")

    url: str
    events: tuple[EventType, ...] = Field(default=EVENT_TYPES, min_length=1)
    description: str = Field(default="", max_length=500)
    include: Include | None = None


class IncludeQuery(NoQuery):
    """What the webhook's events carry."""

    include: Include | None = Field(
        default=None, description="`text`: with the text, where that fits; the same as in the body"
    )


class WebhookList(BaseModel):
    """The tenant's webhooks, the oldest first."""

    webhooks: list[Webhook]


@webhooks.post("/v1/webhooks")
@webhooks.input(IncludeQuery, location="query", arg_name="query")
@webhooks.input(NewWebhook, location="json", arg_name="new")
@webhooks.output(WebhookWithSecret, status_code=201)
@webhooks.doc(
    responses=answers(
        errors.RequestError,
        errors.InvalidOption,
        errors.AddressRefused,
        webhook_errors.TooManyWebhooks,
    )
)
def register_webhook(query: IncludeQuery, new: NewWebhook) -> Response:
    """Register a webhook

    It is told of every event of these types from now on. The secret that signs what it gets is
    shown this once.
    """
    parts = services()
    check(new.url, parts.settings.allow_targets)
    include = query.include or new.include
    made = parts.webhooks.create(tenant(), new.url, new.events, new.description, include)
    answer = _json(made, HTTPStatus.CREATED)
    answer.headers["Location"] = f"/v1/webhooks/{made.id}"
    return answer


@webhooks.get("/v1/webhooks")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output(WebhookList)
@webhooks.doc(responses=answers(errors.InvalidOption))
def list_webhooks(query: NoQuery) -> Response:
    """List webhooks"""
    return _json(WebhookList(webhooks=services().webhooks.all(tenant())))


@webhooks.get("/v1/webhooks/<webhook_id>")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output(Webhook)
@webhooks.doc(responses=_KNOWN)
def show_webhook(webhook_id: str, query: NoQuery) -> Response:
    """Show a webhook, and why it is switched off"""
    return _json(services().webhooks.get(tenant(), webhook_id))


@webhooks.patch("/v1/webhooks/<webhook_id>")
@webhooks.input(WebhookChanges, location="json", arg_name="changes")
@webhooks.output(Webhook)
@webhooks.doc(
    responses=answers(
        errors.RequestError,
        errors.InvalidOption,
        errors.AddressRefused,
        webhook_errors.WebhookNotFound,
    )
)
def change_webhook(webhook_id: str, changes: WebhookChanges) -> Response:
    """Change a webhook, or switch it on or off

    What is pending goes to the new address; what comes due while it is off is not sent.
    """
    parts = services()
    if changes.url is not None:
        check(changes.url, parts.settings.allow_targets)
    return _json(parts.webhooks.change(tenant(), webhook_id, changes.given()))


@webhooks.delete("/v1/webhooks/<webhook_id>")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output({}, status_code=204, description="The webhook is deleted")
@webhooks.doc(responses=_KNOWN)
def delete_webhook(webhook_id: str, query: NoQuery) -> Response:
    """Delete a webhook; what it still had coming is not sent"""
    services().webhooks.delete(tenant(), webhook_id)
    return Response(status=HTTPStatus.NO_CONTENT)


@webhooks.post("/v1/webhooks/<webhook_id>/rotate")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output(Secret)
@webhooks.doc(responses=_KNOWN)
def rotate_webhook(webhook_id: str, query: NoQuery) -> Response:
    """Give a webhook a new secret

    The old one signs beside it for 24 hours.
    """
    return _json(services().webhooks.rotate(tenant(), webhook_id))


@webhooks.post("/v1/webhooks/<webhook_id>/test")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output(Delivery, status_code=202, description="The delivery of a `webhook.test` event")
@webhooks.doc(responses=_KNOWN)
def try_webhook(webhook_id: str, query: NoQuery) -> Response:
    """Try a webhook out

    Sends an event of the type `webhook.test`, also while the webhook is switched off.
    """
    parts = services()
    delivery = _try(parts, parts.webhooks.get(tenant(), webhook_id))
    answer = _json(delivery, HTTPStatus.ACCEPTED)
    answer.headers["Location"] = f"/v1/deliveries/{delivery.id}"
    return answer


@webhooks.get("/v1/webhook-secret")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output(Secret)
@webhooks.doc(responses=answers(errors.InvalidOption))
def show_secret(query: NoQuery) -> Response:
    """Show the secret that signs for the `webhook_url` of jobs"""
    return _json(services().webhooks.secret(tenant()))


@webhooks.post("/v1/webhook-secret/rotate")
@webhooks.input(NoQuery, location="query", arg_name="query")
@webhooks.output(Secret)
@webhooks.doc(responses=answers(errors.InvalidOption))
def rotate_secret(query: NoQuery) -> Response:
    """Replace the secret that signs for the `webhook_url` of jobs

    The old one signs beside it for 24 hours.
    """
    return _json(services().webhooks.rotate_secret(tenant()))


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


def _json(model: BaseModel, status: int = HTTPStatus.OK) -> Response:
    return Response(model.model_dump_json(), status, mimetype="application/json")
