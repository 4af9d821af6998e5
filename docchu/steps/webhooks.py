"""Webhooks: addresses that are told of events, their secrets, and what was sent to them.

What would be done twice if it were sent twice (a new webhook, a new secret, a trial) is not tried
again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Literal, TypedDict, TypeVar, Unpack

from docchu.batch import Batch
from docchu.errors import WebhookNotFound
from docchu.http.steps import Call, Items, Steps
from docchu.http.wire import Wire, path_of, understand
from docchu.jobs import Job, Json
from docchu.steps.listing import listing
from docchu.webhook import Delivery, Secret, Webhook

T = TypeVar("T")
_ONCE = 0


class WebhookFacts(TypedDict, total=False):
    """What is said of a webhook; what is absent is the service's own, or stays as it is.

    `events` are such as `job.succeeded` (default: all); `include="text"` sends the text along where
    it fits; `headers` go with each event, such as `Authorization`, and are never shown again.
    """

    events: Sequence[str]
    description: str
    include: Literal["text"] | None
    headers: Mapping[str, str]


class WebhookChanges(WebhookFacts, total=False):
    """What can be changed of a webhook besides: its address, and whether it is switched on."""

    url: str
    enabled: bool


class WebhookSteps:
    """The webhooks of a service."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def register(self, url: str, **facts: Unpack[WebhookFacts]) -> Steps[Webhook]:
        """Register an address. The webhook that comes back has its `secret`, this once: keep it for
        `docchu.webhooks.verify_webhook`."""
        call = Call("POST", "/v1/webhooks", json={"url": url, **facts})
        return self._understood(call, Webhook.from_json, _ONCE)

    def all(self) -> Steps[list[Webhook]]:
        """Take all webhooks, the oldest first."""
        call = Call("GET", "/v1/webhooks")
        return self._understood(call, lambda json: [*map(Webhook.from_json, json["webhooks"])])

    def get(self, webhook: Webhook | str) -> Steps[Webhook]:
        """Ask how a webhook stands. Raises WebhookNotFound."""
        return self._understood(Call("GET", _path(webhook)), Webhook.from_json)

    def change(self, webhook: Webhook | str, **changes: Unpack[WebhookChanges]) -> Steps[Webhook]:
        """Change a webhook, or switch it on or off (`enabled`). Raises WebhookNotFound."""
        return self._understood(Call("PATCH", _path(webhook), json=changes), Webhook.from_json)

    def delete(self, webhook: Webhook | str) -> Steps[None]:
        """Delete a webhook, if there is it; what it still had coming is not sent."""
        with suppress(WebhookNotFound):
            yield from self._wire.send(Call("DELETE", _path(webhook)))

    def rotate(self, webhook: Webhook | str) -> Steps[Secret]:
        """Give a webhook a new secret; the old one signs beside it for 24 hours."""
        call = Call("POST", f"{_path(webhook)}/rotate")
        return self._understood(call, Secret.from_json, _ONCE)

    def test(self, webhook: Webhook | str) -> Steps[Delivery]:
        """Send a `webhook.test` event; `deliveries.get` tells what became of it."""
        call = Call("POST", f"{_path(webhook)}/test")
        return self._understood(call, Delivery.from_json, _ONCE)

    def secret(self) -> Steps[Secret]:
        """Take the secret that signs for the `webhook_url` of jobs."""
        return self._understood(Call("GET", "/v1/webhook-secret"), Secret.from_json)

    def rotate_secret(self) -> Steps[Secret]:
        """Replace that secret; the old one signs beside it for 24 hours."""
        return self._understood(Call("POST", "/v1/webhook-secret/rotate"), Secret.from_json, _ONCE)

    def _understood(
        self, call: Call, read: Callable[[Json], T], patience_s: float | None = None
    ) -> Steps[T]:
        return understand((yield from self._wire.send(call, patience_s)), read)


class DeliverySteps:
    """What was sent, or is to be sent, to webhooks."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def all(
        self,
        *,
        job: Job | Batch | str | None = None,
        webhook: Webhook | str | None = None,
        status: Literal["pending", "succeeded", "failed"] | None = None,
    ) -> Items[Delivery]:
        """Go through the deliveries of 30 days, newest first: all, or those of a job or batch, to a
        webhook, of a status."""
        of = job if isinstance(job, str | None) else job.id
        to = webhook if isinstance(webhook, str | None) else webhook.id
        given = {"job": of, "endpoint": to, "status": status}
        return listing(self._wire, "/v1/deliveries", given, "deliveries", Delivery.from_json)

    def get(self, delivery: Delivery | str) -> Steps[Delivery]:
        """Ask how a delivery stands, with its attempts. Raises DeliveryNotFound."""
        answer = yield from self._wire.send(Call("GET", _path_of_delivery(delivery)))
        return understand(answer, Delivery.from_json)

    def redeliver(self, delivery: Delivery | str) -> Steps[Delivery]:
        """Send it once more, now: the same event with the same id and body."""
        call = Call("POST", f"{_path_of_delivery(delivery)}/redeliver")
        answer = yield from self._wire.send(call, _ONCE)
        return understand(answer, Delivery.from_json)


def _path(webhook: Webhook | str) -> str:
    return path_of("webhooks", webhook if isinstance(webhook, str) else webhook.id)


def _path_of_delivery(delivery: Delivery | str) -> str:
    return path_of("deliveries", delivery if isinstance(delivery, str) else delivery.id)
