"""Jobs with their places in the queue, read in two round trips, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable

from shared.jobs import Queue, Status
from shared.store import keys
from shared.store.jobs.records import Hash
from shared.store.jobs.unmet import reason
from shared.store.needs import PLAIN
from shared.store.scripts import Client, store_faults

_ELSEWHERE = Queue(reason="Its document is to be fetched first.")


def look(client: Client, ids: list[str]) -> list[tuple[dict[str, str], Queue]]:
    """The jobs' records, empty where there is none, and their places. Raises Unavailable."""
    with store_faults(), client.pipeline(transaction=False) as pipe:
        pipe.hget(keys.RATE, "gap")
        for job_id in ids:
            pipe.hgetall(keys.job(job_id))
        gap, *records = pipe.execute()
    queued = [
        (job_id, record)
        for job_id, record in zip(ids, records, strict=True)
        if record.get("status") == Status.QUEUED
    ]
    fetched = [(job_id, record) for job_id, record in queued if "url" not in record]
    places, seconds = _places(client, fetched), gap_s(gap)
    places |= {job_id: _ELSEWHERE for job_id, record in queued if "url" in record}
    return [
        (record, queue_of(record, places.get(job_id, Queue()), seconds))
        for job_id, record in zip(ids, records, strict=True)
    ]


def _places(client: Client, queued: Iterable[tuple[str, Hash]]) -> dict[str, Queue]:
    """Places of jobs that wait, among those with the same needs, and what else they wait for."""
    with store_faults(), client.pipeline(transaction=False) as pipe:
        for job_id, record in queued:
            pipe.zrank(keys.ready(record["lane"], _need(record)), f"{job_id}/0")
            pipe.hget(keys.NEEDS, _need(record))
        found = pipe.execute()
    return {
        job_id: Queue(position=(rank or 0) + 1, reason=reason(_need(record), since))
        for (job_id, record), rank, since in zip(queued, found[::2], found[1::2], strict=True)
    }


def _need(record: Hash) -> str:
    return record.get("need", PLAIN)  # of a damaged record


def gap_s(stored: str | None) -> float | None:
    """The mean seconds between two pages, from the store's milliseconds."""
    return max(float(stored), 1.0) / 1000 if stored else None


def queue_of(record: Hash, place: Queue, page_gap_s: float | None) -> Queue:
    """Where the job stands, and until when, by the pages ahead of it and its own."""
    status = Status(record["status"]) if record else Status.EXPIRED
    if status.terminal or page_gap_s is None or place.reason:
        return place
    own = int(record.get("total", 1)) - int(record.get("done", 0)) - int(record.get("failed", 0))
    ahead = (place.position or 1) - 1
    return place.model_copy(update={"eta_s": (ahead + own) * page_gap_s})
