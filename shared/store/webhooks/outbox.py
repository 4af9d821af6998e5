"""Events on their way to becoming deliveries: each one once, to whoever was to be told then.

The script that ends a job writes its event in the same step (`tell` in `lua/_job.lua`). Fields of
an event's hash: `id type at tenant` (at in ms), `webhooks` (ids by space) and `url include` of the
job's own address; once it is fanned out `body text_body` (what is sent, the same bytes at every
attempt) and `pending kept` (numbers of its deliveries); `erased` when the job's contents are.

Its place in the outbox is its turn, so that tenants take turns (start-time fair queueing, keys.py);
after a fault far behind all others, by when it is due again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from shared.ids import new_id
from shared.store import keys
from shared.store.aside import Aside
from shared.store.errands.queues import Route, host_of
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

FanOutOutcome = Literal["fanned_out", "done", "again"]
_POSTPONED_MS = 60_000
_SET_ASIDE = 10**13  # behind every time (ms) of the next centuries


@dataclass(frozen=True)
class Event:
    """Something to be told. `subject` is the id of the job or batch (`<batch>.2` for its
    second run), or a trial's own id."""

    subject: str
    id: str
    type: str
    at_ms: int
    tenant: str
    webhooks: tuple[str, ...] = ()
    url: str = ""
    include: str = ""
    erased: bool = False

    @property
    def about(self) -> str:
        """The id of the job or batch, whichever run of that."""
        return self.subject.partition(".")[0]


@dataclass(frozen=True)
class Destination:
    """Where an event goes: a webhook's address, or the job's own one (no id)."""

    webhook_id: str
    url: str
    with_text: bool


@dataclass(frozen=True)
class FanOut:
    """An event with its bodies, to be made deliveries of; the first attempt is due after `delay_s`.

    A trial does not wait in the outbox.
    """

    event: Event
    destinations: tuple[Destination, ...]
    body: str
    text_body: str | None = None
    delay_s: float = 0
    waits: bool = True

    @cached_property
    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries' records."""
        return _deliveries(self.event, self.destinations, self.text_body is not None)


class Outbox:
    """Every step is atomic and may be done twice. Methods raise Unavailable."""

    def __init__(self, client: Client, kept_s: float, clock: Clock = server_clock) -> None:
        self._client = client
        self._kept_ms = round(kept_s * 1000)
        self._scripts = Scripts(client, clock)
        self._aside = Aside(client, clock)

    def waiting(self, limit: int) -> list[Event]:
        """Events without deliveries yet: in turn of their tenants, of one the oldest first."""
        with store_faults():
            subjects: list[str] = self._client.zrange(
                keys.OUTBOX, "-inf", _SET_ASIDE, byscore=True, offset=0, num=limit
            )
        subjects += self._scripts.due(keys.OUTBOX, limit, _SET_ASIDE)
        if not subjects:
            return []
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for subject in subjects:
                pipe.hgetall(keys.event(subject))
            records = pipe.execute(raise_on_error=False)
        found = []
        for subject, record in zip(subjects, records, strict=True):
            try:
                found.append(_event(subject, record))
            except (KeyError, TypeError, ValueError) as error:
                self.postpone(subject, error)
        return found

    def postpone(self, subject: str, error: Exception) -> None:
        """Look at an event again in a minute: fanning out it failed, and others wait behind it."""
        self._aside.note(keys.OUTBOX, subject, error)
        later = _SET_ASIDE + self._scripts.steady_ms() + _POSTPONED_MS
        with store_faults():
            self._client.zadd(keys.OUTBOX, {subject: later}, xx=True)

    def destinations(self, event: Event) -> tuple[Destination, ...]:
        """Where the event goes; webhooks that were deleted meanwhile are left out."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for webhook_id in event.webhooks:
                pipe.hmget(keys.webhook(webhook_id), ["url", "include"])
            records = pipe.execute(raise_on_error=False)
        found = []
        for webhook_id, record in zip(event.webhooks, records, strict=True):
            if isinstance(record, Exception):
                self._aside.note(keys.SUBSCRIBERS, webhook_id, record)
            elif record[0]:
                found.append(Destination(webhook_id, record[0], bool(record[1])))
        if event.url:
            found.append(Destination("", event.url, bool(event.include)))
        return tuple(found)

    def fan_out(self, *fan_outs: FanOut) -> list[FanOutOutcome]:
        """Make the deliveries of events, each atomically, all in one round trip.

        `again`: the job was erased since the event was read, so its body must be made anew.
        """
        outcomes: list[FanOutOutcome] = []
        answers = self._scripts.run_each("fan_out", [self._call(one) for one in fan_outs])
        for one, answer in zip(fan_outs, answers, strict=True):
            if isinstance(answer, Exception):
                self.postpone(one.event.subject, answer)
            outcomes.append("again" if isinstance(answer, Exception) else answer)
        return outcomes

    def _call(self, one: FanOut) -> tuple[list[str], list[Any]]:
        """The keys and arguments of the script."""
        event = one.event
        names = [keys.OUTBOX, keys.event(event.subject), keys.LISTS, keys.PLACES]
        for fields in one.deliveries:
            names += Route("deliveries", event.tenant, fields["host"]).keys
            names.append(keys.delivery(fields["id"]))
        arguments = [
            event.subject,
            "1" if event.erased else "",
            one.body,
            one.text_body or "",
            self._kept_ms,
            round(one.delay_s * 1000),
            json.dumps(one.deliveries),
            "1" if one.waits else "",
        ]
        return names, arguments


def _event(subject: str, record: dict[str, str]) -> Event:
    return Event(
        subject=subject,
        id=record["id"],
        type=record["type"],
        at_ms=int(record["at"]),
        tenant=record["tenant"],
        webhooks=tuple(record.get("webhooks", "").split()),
        url=record.get("url", ""),
        include=record.get("include", ""),
        erased="erased" in record,
    )


def _deliveries(
    event: Event, destinations: Sequence[Destination], has_text: bool
) -> list[dict[str, Any]]:
    """The records. No id stands for two bodies: where both are sent, the longer has its own."""
    with_text = [has_text and one.with_text for one in destinations]
    text_id = event.id if all(with_text) else new_id("evt")
    return [
        {
            "id": new_id("dlv"),
            "host": host_of(one.url),
            "tenant": event.tenant,
            "subject": event.subject,
            "event": text_id if text else event.id,
            "type": event.type,
            "webhook": one.webhook_id,
            "url": one.url,
            "variant": "text_body" if text else "body",
        }
        for one, text in zip(destinations, with_text, strict=True)
    ]
