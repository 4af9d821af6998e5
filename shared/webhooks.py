"""Webhooks, their secrets and deliveries, as the API shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from shared.jobs import Moment
from shared.options import Include

EventType = Literal["job.succeeded", "job.partial", "job.failed", "job.canceled", "batch.finished"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
TRIAL = "webhook.test"
"""The type of the event that `POST /v1/webhooks/{id}/test` sends."""
HookAddress = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^https?://"})]
_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
_RESERVED = _HOP | {"content-length", "content-type", "host", "user-agent"}
_MAX_HEADERS = 10


def _own_headers(headers: dict[str, str]) -> dict[str, str]:
    names = [name.lower() for name in headers]
    if len(set(names)) < len(names):
        raise ValueError("a name stands there twice")
    for name in names:
        if name in _RESERVED or name.startswith(("webhook-", "proxy-")):
            raise ValueError(f"`{name}` is not for you to set")
    return headers


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[!-~]([ -~]{0,1022}[!-~])?$")]
HookHeaders = Annotated[
    dict[HeaderName, HeaderValue],
    Field(
        max_length=_MAX_HEADERS,
        description="sent with each event, such as `Authorization`; never shown again",
    ),
    AfterValidator(_own_headers),
]
DisabledReason = Literal["gone", "failing", "switched_off"]
DeliveryStatus = Literal["pending", "succeeded", "failed"]

MAX_BODY_BYTES = 20_000
"""A webhook's body is smaller (Standard Webhooks: payload size)."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Webhook(_Record):
    """A registered address that is told of the tenant's events."""

    id: str
    url: str
    events: tuple[EventType, ...] = Field(description="which events it is told of")
    description: str
    include: Include | None = Field(description="`text`: with the text, where that fits")
    header_names: tuple[str, ...] = Field(
        default=(), description="the names of the headers that it is given; their values are hidden"
    )
    enabled: bool
    disabled_at: Moment | None
    disabled_reason: DisabledReason | None = Field(
        description="`gone`: it answered 410; `failing`: it failed for days; or `switched_off`"
    )
    failing_since: Moment | None = Field(description="null when the last attempt succeeded")
    last_error: str | None
    created_at: Moment


class WebhookWithSecret(Webhook):
    """A webhook with the secret that signs what it gets; shown this once."""

    secret: str


class Secret(_Record):
    """A secret that signs webhooks, and until when the one before it signs, too."""

    secret: str
    former_until: Moment | None


class DeliveryAttempt(_Record):
    """One try to deliver. What the receiver said beside its status is not kept."""

    at: Moment
    status_code: int | None
    duration_s: float
    error: str | None = Field(
        description="null for success; else `http_status`, `redirect`, `timeout`, "
        "`connection_failed`, `tls_failed`, `bad_answer`, `no_address`, `address_refused`, "
        "`internal`, `webhook_disabled`, `webhook_deleted` or `job_erased`"
    )


class Delivery(_Record):
    """One event going to one address."""

    id: str
    tenant: str = Field(exclude=True)
    event_id: str = Field(description="the `webhook-id` that is sent")
    type: str
    job_id: str | None
    batch_id: str | None = None
    webhook_id: str | None = Field(description="null: the job's own `webhook_url`")
    url: str
    status: DeliveryStatus
    created_at: Moment
    next_attempt_at: Moment | None
    num_attempts: int
    attempts: list[DeliveryAttempt] = Field(
        description="the newest last; very old ones are dropped"
    )


class WebhookChanges(BaseModel):
    """What of a webhook can be changed; what is absent stays as it is.

    The defaults only say that a field may be absent: they are never used.
    """

    model_config = ConfigDict(extra="forbid")

    url: HookAddress = "http://"
    events: tuple[EventType, ...] = Field(default=(), min_length=1)
    description: str = Field(default="", max_length=500)
    include: Include | None = None
    headers: HookHeaders = {}  # pydantic copies it
    enabled: bool = True

    def given(self) -> dict[str, Any]:
        """The fields that the caller set."""
        return self.model_dump(exclude_unset=True)
