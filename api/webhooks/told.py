"""What is sent to webhooks, for the API's description: the keeper makes it, of jobs and batches."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.http.schemas import Schema, Schemas
from shared.batches import Batch
from shared.jobs import Job, Moment
from shared.webhooks import EVENT_TYPES, TRIAL

_HEADERS = {
    "webhook-id": "the event's id, the same at every attempt",
    "webhook-timestamp": "seconds since 1970 at the attempt",
    "webhook-signature": "`v1,…` by each secret that signs now, with a space between",
}
_ANSWERS = {
    "2XX": {"description": "It was taken"},
    "410": {"description": "It is not wanted any more: the webhook is switched off"},
    "default": {"description": "It was not taken, and comes again"},
}


class Erased(BaseModel):
    """A job or batch that was erased before its end could be told."""

    id: str
    erased: Literal[True]


class WithText(BaseModel):
    """What a job's event has more where the text was asked for."""

    text: str | None = None
    text_left_out: Literal["too_large", "no_result"] | None = Field(
        default=None, description="why `text` is null"
    )


class Trial(BaseModel):
    """The data of a trial."""

    webhook_id: str


def webhooks_of(schemas: Schemas) -> Schema:
    """Every type of event, as a webhook of OpenAPI."""
    job = {"allOf": [schemas.of(Job), schemas.of(WithText, "validation")]}
    erased = schemas.of(Erased)
    told: dict[str, Schema] = {name: {"anyOf": [job, erased]} for name in EVENT_TYPES}
    told["batch.finished"] = {"anyOf": [schemas.of(Batch), erased]}
    told[TRIAL] = schemas.of(Trial)
    return {name: {"post": _operation(name, data, schemas)} for name, data in told.items()}


def _operation(name: str, data: Schema, schemas: Schemas) -> Schema:
    members = {"type": {"const": name}, "timestamp": schemas.of(Moment), "data": data}
    body: dict[str, Any] = {"type": "object", "properties": members, "required": list(members)}
    return {
        "operationId": f"told_{name.replace('.', '_')}",
        "tags": ["Webhooks"],
        "summary": f"An event of the type `{name}`",
        "description": "Signed after Standard Webhooks 1.0. Only 2xx within 15 s is success.",
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": meaning}
            | {"schema": {"type": "string"}}
            for header, meaning in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _ANSWERS,
    }
