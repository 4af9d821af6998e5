"""Registered webhooks and the secrets that sign: create, read, list, change, rotate, delete.

Fields of a webhook's hash: `tenant url events include description created` (events JSON), `headers`
(its own, JSON), `ring` (its secrets, JSON), `disabled reason` once it is switched off, `failing`
(ms, since when) and `trouble` while it fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared.errors.webhooks import TooManyWebhooks, WebhookNotFound
from shared.ids import is_id, new_id
from shared.jobs import moment
from shared.options import Include
from shared.outgoing.signing import KeyRing
from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults
from shared.webhooks import EVENT_TYPES, EventType, Secret, Webhook, WebhookWithSecret

Hash = Mapping[str, str]


class Webhooks:
    """The webhooks of all tenants. Every method raises Unavailable when the server is away.

    What a change reads is watched (WATCH), so two changes at once do not lose one of them.
    """

    def __init__(
        self, client: Client, max_per_tenant: int = 20, clock: Clock = server_clock
    ) -> None:
        self._client = client
        self._max_per_tenant = max_per_tenant
        self._scripts = Scripts(client, clock)

    def create(
        self,
        tenant: str,
        url: str,
        events: tuple[EventType, ...] = EVENT_TYPES,
        description: str = "",
        include: Include | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WebhookWithSecret:
        """Register an address that was checked. Raises TooManyWebhooks."""
        webhook_id, ring, now = new_id("whk"), KeyRing.new(), self._scripts.now_ms()
        record = {
            "tenant": tenant,
            "url": url,
            "events": json.dumps(events),
            "include": include or "",
            "description": description,
            "headers": json.dumps(headers or {}),
            "created": str(now),
            "ring": ring.dump(),
        }

        def change(pipe: Any) -> None:
            if pipe.zcard(keys.tenant_webhooks(tenant)) >= self._max_per_tenant:
                raise TooManyWebhooks(f"There may be {self._max_per_tenant} webhooks.")
            listeners = _listeners(pipe, tenant)
            pipe.multi()
            pipe.hset(keys.webhook(webhook_id), mapping=record)
            pipe.zadd(keys.tenant_webhooks(tenant), {webhook_id: now})
            _listen(pipe, tenant, listeners, webhook_id, record)

        self._transaction(change, keys.tenant_webhooks(tenant), keys.SUBSCRIBERS)
        return WebhookWithSecret(**dict(_webhook(webhook_id, record)), secret=ring.secret)

    def get(self, tenant: str, webhook_id: str) -> Webhook:
        """Read a webhook. Raises WebhookNotFound (also for another tenant's)."""
        with store_faults():
            return _webhook(webhook_id, _own(self._client, tenant, webhook_id))

    def all(self, tenant: str) -> list[Webhook]:
        """The tenant's webhooks, the oldest first."""
        with store_faults():
            ids = self._client.zrange(keys.tenant_webhooks(tenant), 0, -1)
            with self._client.pipeline(transaction=False) as pipe:
                for webhook_id in ids:
                    pipe.hgetall(keys.webhook(webhook_id))
                records = pipe.execute()
        return [_webhook(one, record) for one, record in zip(ids, records, strict=True) if record]

    def change(self, tenant: str, webhook_id: str, given: Mapping[str, Any]) -> Webhook:
        """Change the fields given; `enabled` switches on or off. Raises WebhookNotFound."""

        def apply(pipe: Any) -> None:
            record = _own(pipe, tenant, webhook_id)
            listeners = _listeners(pipe, tenant)
            changed = _changed(record, given, self._scripts.now_ms())
            pipe.multi()
            pipe.delete(keys.webhook(webhook_id))
            pipe.hset(keys.webhook(webhook_id), mapping=changed)
            _listen(pipe, tenant, listeners, webhook_id, changed)

        self._transaction(apply, keys.webhook(webhook_id), keys.SUBSCRIBERS)
        return self.get(tenant, webhook_id)

    def rotate(self, tenant: str, webhook_id: str) -> Secret:
        """Give a webhook a new secret; the old one signs beside it for 24 h. As `get`."""
        now = self._scripts.now_ms()
        rotated: list[KeyRing] = []

        def apply(pipe: Any) -> None:
            ring = KeyRing.parse(_own(pipe, tenant, webhook_id)["ring"]).rotated(now)
            rotated[:] = [ring]
            pipe.multi()
            pipe.hset(keys.webhook(webhook_id), "ring", ring.dump())

        self._transaction(apply, keys.webhook(webhook_id))
        return _shown(rotated[0], now)

    def delete(self, tenant: str, webhook_id: str) -> None:
        """Forget a webhook; what it still had coming is not sent. Raises WebhookNotFound."""

        def apply(pipe: Any) -> None:
            _own(pipe, tenant, webhook_id)
            listeners = _listeners(pipe, tenant)
            pipe.multi()
            pipe.delete(keys.webhook(webhook_id))
            pipe.zrem(keys.tenant_webhooks(tenant), webhook_id)
            _listen(pipe, tenant, listeners, webhook_id, None)

        self._transaction(apply, keys.webhook(webhook_id), keys.SUBSCRIBERS)

    def secret(self, tenant: str) -> Secret:
        """The secret that signs for the addresses of the tenant's jobs; made when first asked."""
        return _shown(self.ring(tenant), self._scripts.now_ms())

    def ring(self, tenant: str) -> KeyRing:
        """The tenant's own secrets."""
        name = keys.webhook_secret(tenant)
        with store_faults():
            text = self._client.get(name)
            if text is None:
                self._client.set(name, KeyRing.new().dump(), nx=True)
                text = self._client.get(name)
        return KeyRing.parse(text)

    def rotate_secret(self, tenant: str) -> Secret:
        """Replace the tenant's secret; the old one signs beside it for 24 h."""
        self.ring(tenant)
        name, now = keys.webhook_secret(tenant), self._scripts.now_ms()
        rotated: list[KeyRing] = []

        def apply(pipe: Any) -> None:
            ring = KeyRing.parse(pipe.get(name)).rotated(now)
            rotated[:] = [ring]
            pipe.multi()
            pipe.set(name, ring.dump())

        self._transaction(apply, name)
        return _shown(rotated[0], now)

    def now_ms(self) -> int:
        """The time that all processes share."""
        return self._scripts.now_ms()

    def _transaction(self, apply: Callable[[Any], None], *watched: str) -> None:
        with store_faults():
            self._client.transaction(apply, *watched)


def _own(client: Any, tenant: str, webhook_id: str) -> dict[str, str]:
    record: dict[str, str] = {}
    if is_id("whk", webhook_id):
        record = client.hgetall(keys.webhook(webhook_id))
    if record.get("tenant") != tenant:
        raise WebhookNotFound
    return record


def _listeners(client: Any, tenant: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads(client.hget(keys.SUBSCRIBERS, tenant) or "{}")
    return found


def _listen(
    pipe: Any,
    tenant: str,
    listeners: dict[str, dict[str, int]],
    webhook_id: str,
    record: Hash | None,
) -> None:
    """Note which events a webhook wants from now on; none if it is off or deleted."""
    listeners.pop(webhook_id, None)
    if record and "disabled" not in record:
        listeners[webhook_id] = dict.fromkeys(json.loads(record["events"]), 1)
    pipe.hset(keys.SUBSCRIBERS, tenant, json.dumps(listeners))


def _changed(record: Hash, given: Mapping[str, Any], now_ms: int) -> dict[str, str]:
    changed = dict(record)
    for name in ("url", "description"):
        if given.get(name) is not None:
            changed[name] = given[name]
    for name in ("events", "headers"):
        if given.get(name) is not None:
            changed[name] = json.dumps(given[name])
    if "include" in given:
        changed["include"] = given["include"] or ""
    if given.get("enabled") is False and "disabled" not in changed:
        changed |= {"disabled": str(now_ms), "reason": "switched_off"}
    elif given.get("enabled"):
        for name in ("disabled", "reason", "failing", "trouble"):
            changed.pop(name, None)
    return changed


def _webhook(webhook_id: str, record: Hash) -> Webhook:
    return Webhook(
        id=webhook_id,
        url=record["url"],
        events=json.loads(record["events"]),
        description=record["description"],
        include="text" if record["include"] else None,
        header_names=tuple(json.loads(record.get("headers", "{}"))),
        enabled="disabled" not in record,
        disabled_at=moment(record["disabled"]) if "disabled" in record else None,
        disabled_reason=record.get("reason"),  # type: ignore[arg-type]  # checked by the model
        failing_since=moment(record["failing"]) if "failing" in record else None,
        last_error=record.get("trouble"),
        created_at=moment(record["created"]),
    )


def _shown(ring: KeyRing, now_ms: int) -> Secret:
    until = ring.former_until_ms(now_ms)
    return Secret(secret=ring.secret, former_until=moment(until) if until else None)
