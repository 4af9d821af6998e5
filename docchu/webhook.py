"""A webhook, its secret and what is sent to it, as the service tells them, as frozen dataclasses.

As with jobs, fields that this client does not know are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from docchu.jobs import Json, moment


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registered address that is told of events. `secret` is known once, when it is registered.

    `disabled_reason`: `gone` (it answered 410), `failing` (for days) or `switched_off`.
    """

    id: str
    url: str
    events: tuple[str, ...]
    description: str
    include: str | None
    header_names: tuple[str, ...]
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    last_error: str | None
    created_at: datetime
    secret: str | None = None

    @classmethod
    def from_json(cls, json: Json) -> Webhook:
        """Take the service's JSON of a webhook."""
        return cls(
            id=json["id"],
            url=json["url"],
            events=tuple(json["events"]),
            description=json.get("description", ""),
            include=json.get("include"),
            header_names=tuple(json.get("header_names", ())),
            enabled=json["enabled"],
            disabled_at=moment(json.get("disabled_at")),
            disabled_reason=json.get("disabled_reason"),
            failing_since=moment(json.get("failing_since")),
            last_error=json.get("last_error"),
            created_at=datetime.fromisoformat(json["created_at"]),
            secret=json.get("secret"),
        )


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that signs webhooks; until `former_until` the one before it signs, too."""

    secret: str
    former_until: datetime | None

    @classmethod
    def from_json(cls, json: Json) -> Secret:
        """Take the service's JSON of a secret."""
        return cls(json["secret"], moment(json.get("former_until")))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver; `error` is None for success."""

    at: datetime
    status_code: int | None
    duration_s: float
    error: str | None

    @classmethod
    def from_json(cls, json: Json) -> Attempt:
        """Take one of a delivery's `attempts`."""
        at, error = datetime.fromisoformat(json["at"]), json.get("error")
        return cls(at, json.get("status_code"), json["duration_s"], error)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event going to one address; `status` is `pending`, `succeeded` or `failed`.

    `webhook_id` is None for the `webhook_url` of a job or batch. Of `attempts` the newest is last.
    """

    id: str
    event_id: str
    type: str
    job_id: str | None
    batch_id: str | None
    webhook_id: str | None
    url: str
    status: str
    created_at: datetime
    next_attempt_at: datetime | None
    num_attempts: int
    attempts: tuple[Attempt, ...]

    @classmethod
    def from_json(cls, json: Json) -> Delivery:
        """Take the service's JSON of a delivery."""
        return cls(
            id=json["id"],
            event_id=json["event_id"],
            type=json["type"],
            job_id=json.get("job_id"),
            batch_id=json.get("batch_id"),
            webhook_id=json.get("webhook_id"),
            url=json["url"],
            status=json["status"],
            created_at=datetime.fromisoformat(json["created_at"]),
            next_attempt_at=moment(json.get("next_attempt_at")),
            num_attempts=json["num_attempts"],
            attempts=tuple(Attempt.from_json(one) for one in json.get("attempts", ())),
        )
