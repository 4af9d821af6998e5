"""The log of deliveries, as the API shows it, and sending one once more.

Fields of a delivery's hash: `id host tenant subject event type webhook url` (webhook empty: the
job's own address), `variant` (which body of the event), `status created next` (ms) `tries` (since
the last redelivery) `attempts` (in all) `log` (an attempt a line, JSON).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.errors import InvalidOption, JobGone
from shared.ids import is_id
from shared.jobs import moment
from shared.store import keys
from shared.store.errands.queues import Route
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults
from shared.webhook_errors import DeliveryInFlight, DeliveryNotFound
from shared.webhooks import Delivery, DeliveryAttempt, DeliveryStatus

_SCAN = 200  # deliveries looked at in one round trip while listing
_TRIM_SCANS = 5  # round trips that look for deliveries to forget, past those that are pending


@dataclass(frozen=True)
class DeliveryPage:
    """Some deliveries, newest first, and where to go on; no cursor at the end."""

    deliveries: list[Delivery]
    next_cursor: str | None


class Deliveries:
    """The deliveries of all tenants. Methods raise Unavailable when the server is away."""

    def __init__(
        self, client: Client, kept_s: float, max_per_tenant: int, clock: Clock = server_clock
    ) -> None:
        self._client = client
        self._kept_ms = round(kept_s * 1000)
        self._max_per_tenant = max_per_tenant
        self._scripts = Scripts(client, clock)

    def get(self, tenant: str, delivery_id: str) -> Delivery:
        """Read a delivery. Raises DeliveryNotFound (also for another tenant's)."""
        return _delivery(self._record(tenant, delivery_id))

    def newest(
        self,
        tenant: str,
        *,
        job_id: str | None = None,
        webhook_id: str | None = None,
        status: DeliveryStatus | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> DeliveryPage:
        """List the tenant's deliveries, newest first. Raises InvalidOption for a bad cursor."""

        def wanted(record: Mapping[str, str]) -> bool:
            return (
                job_id in (None, _about(record))
                and webhook_id in (None, record["webhook"])
                and status in (None, record["status"])
            )

        found: list[Delivery] = []
        for record in self._scan(tenant, cursor, wanted):
            if len(found) == limit:
                return DeliveryPage(found, found[-1].id)
            found.append(_delivery(record))
        return DeliveryPage(found, None)

    def redeliver(self, tenant: str, delivery_id: str) -> Delivery:
        """Send a delivery once more, now. Raises DeliveryInFlight, JobGone, DeliveryNotFound."""
        record = self._record(tenant, delivery_id)
        route = Route("deliveries", tenant, record["host"])
        outcome = self._scripts.run_on(
            "redeliver",
            [
                *route.keys,
                keys.delivery(delivery_id),
                keys.event(record["subject"]),
                keys.tenant_deliveries(tenant),
            ],
            *route.names,
            delivery_id,
            record["variant"],
            self._kept_ms,
        )
        if outcome == "sending":
            raise DeliveryInFlight
        if outcome == "gone":
            raise JobGone("The job was erased, and with it what this delivery carried.")
        return self.get(tenant, delivery_id)

    def trim(self, tenant: str) -> int:
        """Forget the oldest deliveries that have ended, beyond what is kept of a tenant."""
        name = keys.tenant_deliveries(tenant)
        with store_faults():
            excess = int(self._client.zcard(name)) - self._max_per_tenant
        forgotten = start = 0
        for _ in range(_TRIM_SCANS):
            if forgotten >= excess:
                break
            records = self._oldest(name, start)
            ended = [one for one in records if one[2] != "pending"][: excess - forgotten]
            calls = [
                ([keys.delivery(one), keys.event(subject or ""), name], [one])
                for one, subject, _ in ended
            ]
            answers = self._scripts.run_each("forget", calls)
            for (delivery_id, _, _), answer in zip(ended, answers, strict=True):
                if isinstance(answer, Exception):  # no record any more: it goes as it is
                    with store_faults():
                        self._client.delete(keys.delivery(delivery_id))
                        answer = self._client.zrem(name, delivery_id)
                forgotten += int(answer)
            start += len(records) - len(ended)
        return forgotten

    def _oldest(self, name: str, start: int) -> list[tuple[str, str | None, str | None]]:
        """Id, subject and status of some deliveries."""
        with store_faults():
            ids = self._client.zrange(name, start, start + _SCAN - 1)
            with self._client.pipeline(transaction=False) as pipe:
                for one in ids:
                    pipe.hmget(keys.delivery(one), ["subject", "status"])
                records = pipe.execute(raise_on_error=False)
        return [
            (one, *(record if isinstance(record, list) else (None, None)))
            for one, record in zip(ids, records, strict=True)
        ]

    def _record(self, tenant: str, delivery_id: str) -> dict[str, str]:
        record: dict[str, str] = {}
        if is_id("dlv", delivery_id):
            with store_faults():
                record = self._client.hgetall(keys.delivery(delivery_id))
        if record.get("tenant") != tenant:
            raise DeliveryNotFound
        return record

    def _scan(
        self, tenant: str, cursor: str | None, wanted: Callable[[Mapping[str, str]], bool]
    ) -> Iterator[dict[str, str]]:
        name = keys.tenant_deliveries(tenant)
        with store_faults():
            rank = self._client.zrevrank(name, cursor) if cursor else -1
        if rank is None:
            raise InvalidOption("`cursor` is none that this service gave, or is forgotten.")
        start = rank + 1
        while True:
            with store_faults():
                ids = self._client.zrevrange(name, start, start + _SCAN - 1)
                with self._client.pipeline(transaction=False) as pipe:
                    for one in ids:
                        pipe.hgetall(keys.delivery(one))
                    records = pipe.execute(raise_on_error=False)
            known = (one for one in records if isinstance(one, dict) and one)
            yield from (record for record in known if wanted(record))
            if len(ids) < _SCAN:
                return
            start += _SCAN


def _about(record: Mapping[str, str]) -> str:
    return record["subject"].partition(".")[0]


def _delivery(record: Mapping[str, str]) -> Delivery:
    about = _about(record)
    return Delivery(
        id=record["id"],
        tenant=record["tenant"],
        event_id=record["event"],
        type=record["type"],
        job_id=about if is_id("job", about) else None,
        batch_id=about if is_id("bat", about) else None,
        webhook_id=record["webhook"] or None,
        url=record["url"],
        status=record["status"],  # type: ignore[arg-type]  # checked by the model
        created_at=moment(record["created"]),
        next_attempt_at=moment(record["next"]) if "next" in record else None,
        num_attempts=int(record.get("attempts", 0)),
        attempts=[
            DeliveryAttempt.model_validate_json(x) for x in record.get("log", "").splitlines()
        ],
    )
