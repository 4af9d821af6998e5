"""Turns events into deliveries: the body is made once, the same bytes for every attempt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import structlog

from shared.blobs import BlobNotFound, BlobStore
from shared.errors import JobGone, JobNotFound, Unavailable
from shared.errors.batches import BatchGone, BatchNotFound
from shared.ids import is_id
from shared.jobs import Job, moment, rfc3339
from shared.result import Page, page_text
from shared.store.batches.batches import BatchStore
from shared.store.jobs.jobs import JobStore
from shared.store.webhooks.outbox import Event, FanOut, Outbox
from shared.webhooks import MAX_BODY_BYTES

_log = structlog.get_logger()
_PER_ROUND = 100


@dataclass(frozen=True)
class EventFanOut:
    """The keeper's part between the end of a job or batch and the deliveries that tell of it."""

    outbox: Outbox
    jobs: JobStore
    batches: BatchStore
    blobs: BlobStore
    first_delay_s: float = 0

    def fan_out_waiting(self) -> set[str]:
        """Fan out what waits, each event on its own; answers the tenants. Raises Unavailable."""
        ready = [one for event in self.outbox.waiting(_PER_ROUND) if (one := self._prepared(event))]
        tenants = set()
        for one, outcome in zip(ready, self.outbox.fan_out(*ready), strict=True):
            if outcome == "fanned_out":
                tenants.add(one.event.tenant)
                ids = [fields["id"] for fields in one.deliveries]
                _log.info("event fanned out", event_id=one.event.id, deliveries=ids)
        return tenants

    def prepare(self, event: Event) -> FanOut:
        """Make the bodies of an event, and find out where it goes."""
        destinations = self.outbox.destinations(event)
        if is_id("bat", event.about):
            body = _dump(event, self._batch(event))
            return FanOut(event, destinations, body, delay_s=self.first_delay_s)
        job, text = self._job(event), None
        if job is not None and any(one.with_text for one in destinations):
            text = self._body_with_text(event, job)
        body = self._body(event, job)
        return FanOut(event, destinations, body, text, self.first_delay_s)

    def _prepared(self, event: Event) -> FanOut | None:
        try:
            return self.prepare(event)
        except Unavailable:
            raise
        except Exception as error:
            # A boundary: one event that cannot be told must not hold up the others.
            self.outbox.postpone(event.subject, error)
            return None

    def _batch(self, event: Event) -> dict[str, Any]:
        """The batch, its list of errors cut where that is long."""
        gone = {"id": event.about, "erased": True}
        if event.erased:
            return gone
        try:
            batch = self.batches.get(event.tenant, event.about)
        except (BatchGone, BatchNotFound):
            return gone
        data: dict[str, Any] = batch.model_dump(mode="json", by_alias=True)
        while data["first_errors"] and _size(data) > MAX_BODY_BYTES * 3 // 4:
            data["first_errors"].pop()
        return data

    def _job(self, event: Event) -> Job | None:
        if event.erased:
            return None
        try:
            return self.jobs.get(event.tenant, event.subject)
        except (JobGone, JobNotFound):
            return None

    def _body(self, event: Event, job: Job | None, **more: Any) -> str:
        data = {"id": event.subject, "erased": True} if job is None else _data(job)
        return _dump(event, data | more)

    def _body_with_text(self, event: Event, job: Job) -> str:
        left_out = {"text": None, "text_left_out": "too_large"}
        if not job.status.has_result:
            return self._body(event, job, text=None, text_left_out="no_result")
        room = MAX_BODY_BYTES - len(self._body(event, job, **left_out).encode())
        text = self._text(job, room)
        if text is not None:
            body = self._body(event, job, text=text)
            if len(body.encode()) < MAX_BODY_BYTES:
                return body
        return self._body(event, job, **left_out)

    def _text(self, job: Job, max_bytes: int) -> str | None:
        """The document's text; None where it is longer than `max_bytes`, or is gone."""
        texts: list[str] = []
        size = 0
        try:
            for record in self.jobs.pages(job.tenant, job.id).values():
                if record.blob is None:
                    continue
                data = self.blobs.get(job.tenant, job.id, record.blob)
                texts.append(page_text(Page.model_validate_json(data)))
                size += len(texts[-1].encode())
                if size > max_bytes:
                    return None
        except (BlobNotFound, FileNotFoundError, JobGone, JobNotFound):
            return None
        return "\n\f".join(texts) + "\n"


def _dump(event: Event, data: dict[str, Any]) -> str:
    timestamp = rfc3339(moment(event.at_ms))
    whole = {"type": event.type, "timestamp": timestamp, "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def _data(job: Job) -> dict[str, Any]:
    """The job without its result, its list of failed pages cut where it is long."""
    data: dict[str, Any] = job.model_dump(mode="json", by_alias=True)
    problem = data["error"]
    if problem:
        kept = problem["pages"]
        while kept and _size(data) > MAX_BODY_BYTES * 3 // 4:
            problem["pages"] = kept = kept[: len(kept) // 2]
            problem["pages_left_out"] = True
    return data


def _size(data: dict[str, Any]) -> int:
    return len(json.dumps(data, ensure_ascii=False).encode())
