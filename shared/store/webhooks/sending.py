"""Deliveries as the keeper's sender sees them: find due ones, lease them, note what became."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import redis

from shared.outgoing.signing import KeyRing
from shared.store import keys
from shared.store.aside import Aside
from shared.store.errands.queues import ErrandQueues, Route
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults
from shared.store.webhooks.webhooks import Webhooks
from shared.webhooks import TRIAL, DeliveryAttempt, DeliveryStatus

AttemptOutcome = Literal["recorded", "disabled", "lost"]
_OF_WEBHOOK = ["url", "ring", "disabled", "headers"]
_OLD_HOSTS = f"{keys.PREFIX}deliveries:hosts"  # of version 0.1
_OLD_DUE = f"{keys.PREFIX}deliveries:due:"  # and a host
_LOG_BYTES = 8000  # the attempts of one delivery, some 60 of them


@dataclass(frozen=True)
class DueDelivery:
    """A leased delivery. `obstacle` says why it cannot be sent at all; `trace` is its job's."""

    id: str
    route: Route
    lease: str
    event_id: str
    subject: str
    webhook_id: str
    url: str
    tries: int
    taken_ms: int
    body: bytes
    secrets: tuple[str, ...]
    headers: dict[str, str]
    obstacle: str | None = None
    trace: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What an attempt means for its delivery, and for the webhook it went to."""

    status: DeliveryStatus
    delay_s: float = 0
    tried: bool = True
    wants_no_more: bool = False


class SendingQueue:
    """The due deliveries. Methods raise Unavailable when the server is away.

    A lease keeps other senders away from a delivery; one whose sender died is due again after it.
    """

    def __init__(
        self, client: Client, lease_s: float, failing_s: float, clock: Clock = server_clock
    ) -> None:
        self._client = client
        self._failing_ms = round(failing_s * 1000)
        self._scripts = Scripts(client, clock)
        self._webhooks = Webhooks(client, clock=clock)
        self._aside = Aside(client, clock)
        self._errands = ErrandQueues("deliveries", client, lease_s, clock)
        self.flows, self.hosts = self._errands.flows, self._errands.hosts

    def take(self, flow: str, host: str, limit: int) -> list[DueDelivery]:
        """Lease up to `limit` due deliveries of a tenant to a host."""
        lease, ids = self._errands.take(flow, host, limit)
        return self._load(Route("deliveries", flow, host), lease, ids) if ids else []

    def adopt(self) -> None:
        """Bring in what version 0.1, whose queues were by host alone, has left to be sent."""
        with store_faults():
            for host in self._client.zrange(_OLD_HOSTS, 0, -1):
                old = _OLD_DUE + host
                for one in self._client.zrange(old, 0, -1):
                    tenant = self._client.hget(keys.delivery(one), "tenant") or ""
                    route = Route("deliveries", tenant, host)
                    self._scripts.run_on("adopt", [*route.keys, old, _OLD_HOSTS], *route.names, one)

    def record_attempt(
        self, due: DueDelivery, attempt: DeliveryAttempt, verdict: Verdict
    ) -> AttemptOutcome:
        """Note an attempt. `lost`: the lease ran out, and somebody else has the delivery."""
        outcome: AttemptOutcome = self._scripts.run_on(
            "record_attempt",
            [
                *due.route.keys,
                keys.delivery(due.id),
                keys.event(due.subject),
                keys.webhook(due.webhook_id),
                keys.SUBSCRIBERS,
                keys.LISTS,
            ],
            *due.route.names,
            due.id,
            due.lease,
            verdict.status,
            round(verdict.delay_s * 1000),
            attempt.model_dump_json(),
            attempt.error or "",
            "1" if verdict.tried else "",
            "1" if verdict.wants_no_more else "",
            self._failing_ms,
            due.webhook_id,
            _LOG_BYTES,
            due.url,
        )
        return outcome

    def _load(self, route: Route, lease: str, ids: list[str]) -> list[DueDelivery]:
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for one in ids:
                pipe.hgetall(keys.delivery(one))
            records = pipe.execute(raise_on_error=False)
            for record in records:
                known = record if isinstance(record, dict) else {}
                pipe.hget(keys.event(known.get("subject", "")), known.get("variant", "body"))
                pipe.hmget(keys.webhook(known.get("webhook", "")), _OF_WEBHOOK)
                pipe.hget(keys.job(known.get("subject", "")), "trace")  # a batch has none
            contents = pipe.execute(raise_on_error=False)
        now = self._scripts.now_ms()
        ring_of = cache(self._webhooks.ring)  # many are of one tenant
        found = []
        for one, record, body, webhook, trace in zip(
            ids, records, contents[::3], contents[1::3], contents[2::3], strict=True
        ):
            try:
                due = self._due_delivery(one, route, lease, record, body, webhook, now, ring_of)
                found.append(replace(due, trace=trace if isinstance(trace, str) else None))
            except (KeyError, TypeError, ValueError, AttributeError, redis.ResponseError) as error:
                self._aside.put(route.keys[2], one, error)
        return found

    def _due_delivery(
        self,
        delivery_id: str,
        route: Route,
        lease: str,
        record: dict[str, str],
        body: str | None,
        webhook: list[Any],
        now_ms: int,
        ring_of: Callable[[str], KeyRing],
    ) -> DueDelivery:
        url, ring, disabled, headers = webhook
        webhook_id = record.get("webhook", "")
        obstacle = None
        if body is None:
            obstacle = "job_erased"
        elif webhook_id and url is None:
            obstacle = "webhook_deleted"
        elif disabled and record["type"] != TRIAL:
            obstacle = "webhook_disabled"
        signing: list[str] = []
        if obstacle is None:
            keys_of = KeyRing.parse(ring) if webhook_id else ring_of(record["tenant"])
            signing = keys_of.signing(now_ms)
        return DueDelivery(
            id=delivery_id,
            route=route,
            lease=lease,
            event_id=record.get("event", ""),
            subject=record.get("subject", ""),
            webhook_id=webhook_id,
            url=url or record.get("url", ""),
            tries=int(record.get("tries", 0)),
            taken_ms=now_ms,
            body=(body or "").encode(),
            secrets=tuple(signing),
            headers=json.loads(headers or "{}"),
            obstacle=obstacle,
        )
