"""The log of deliveries, as the API shows it, and sending one once more.

Fields of a delivery's hash: `id host tenant subject event type webhook url` (webhook empty: the
job's own address), `variant` (which body of the event), `status created next` (ms) `tries` (since
the last redelivery) `attempts` (in all) `log` (an attempt a line, JSON).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from shared.errors import JobGone
from shared.errors.webhooks import DeliveryInFlight, DeliveryNotFound
from shared.ids import is_id
from shared.jobs import moment
from shared.store import keys
from shared.store.errands.queues import Route
from shared.store.lists import behind, newest
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults
from shared.webhooks import Delivery, DeliveryAttempt, DeliveryStatus

_ALL = get_args(DeliveryStatus)
_PIECE = 1000  # deliveries that are forgotten at once


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
        owner = f"deliveries:{tenant}"
        if job_id or webhook_id:
            owner = f"about:{job_id}" if job_id else f"webhook:{webhook_id}"
        found = newest(self._client, keys.parts(owner, [status] if status else _ALL), limit, cursor)
        shown = [
            _delivery(record)
            for record in self._records(found.ids)
            if record["tenant"] == tenant
            and webhook_id in (None, record["webhook"])
            and status in (None, record["status"])
        ]
        return DeliveryPage(shown, found.next_cursor)

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
                keys.LISTS,
                keys.PLACES,
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
        owner = f"deliveries:{tenant}"
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for name in keys.parts(owner, _ALL):
                pipe.zcard(name)
            excess = sum(pipe.execute()) - self._max_per_tenant
        if excess <= 0:
            return 0
        ended = keys.parts(owner, ("succeeded", "failed"))
        ids = behind(self._client, ended, min(excess, _PIECE), after=0).ids
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for one in ids:
                pipe.hget(keys.delivery(one), "subject")
            subjects = pipe.execute(raise_on_error=False)
        calls = [
            ([keys.delivery(one), keys.event(str(subject)), keys.LISTS], [one])
            for one, subject in zip(ids, subjects, strict=True)
        ]
        answers = self._scripts.run_each("forget", calls)
        lost = [one for one, it in zip(ids, answers, strict=True) if isinstance(it, Exception)]
        if lost:  # no records any more: they go as they are
            with store_faults(), self._client.pipeline(transaction=False) as pipe:
                pipe.delete(*map(keys.delivery, lost))
                for name in ended:
                    pipe.zrem(name, *lost)
                pipe.execute()
        return sum(answer != 0 for answer in answers)

    def _record(self, tenant: str, delivery_id: str) -> dict[str, str]:
        record: dict[str, str] = {}
        if is_id("dlv", delivery_id):
            with store_faults():
                record = self._client.hgetall(keys.delivery(delivery_id))
        if record.get("tenant") != tenant:
            raise DeliveryNotFound
        return record

    def _records(self, ids: list[str]) -> list[dict[str, str]]:
        """Those that are left, and can be used."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for one in ids:
                pipe.hgetall(keys.delivery(one))
            records = pipe.execute(raise_on_error=False)
        return [one for one in records if isinstance(one, dict) and one]


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
