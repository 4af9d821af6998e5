"""Jobs with their places and problems, read in three round trips, whatever their number.

A new job comes with them from the script that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.jobs import Job, Queue, Status
from shared.store import keys
from shared.store.jobs.records import Hash, job_of, page_problems
from shared.store.jobs.unmet import reason
from shared.store.needs import PLAIN
from shared.store.scripts import Client, answers_of

_ELSEWHERE = Queue(reason="Its document is to be fetched first.")


@dataclass(frozen=True)
class Seen:
    """A job as the store has it: its record, empty where there is none, its place in the queue.

    `pages` are those of a job of which some could not be read.
    """

    record: Hash
    place: Queue
    pages: Hash
    page_gap_s: float | None

    def job(self, job_id: str) -> Job:
        """The job, put together. Raises KeyError, TypeError, ValueError of a damaged record."""
        queue = queue_of(self.record, self.place, self.page_gap_s)
        return job_of(job_id, self.record, page_problems(self.pages), queue)


def look(client: Client, ids: list[str]) -> list[Seen]:
    """The jobs as they are now; of one whose record is damaged, none. Raises Unavailable."""
    with client.pipeline(transaction=False) as pipe:
        pipe.hget(keys.RATE, "gap")
        for job_id in ids:
            pipe.hgetall(keys.job(job_id))
        gap, *answers = _sound(pipe)
    records: dict[str, Hash] = {one: answer or {} for one, answer in zip(ids, answers, strict=True)}
    places = _places(client, {one: record for one, record in records.items() if _waits(record)})
    pages = _pages(client, [one for one, record in records.items() if _has_problems(record)])
    return [
        Seen(records[one], places.get(one, Queue()), pages.get(one, {}), gap_s(gap)) for one in ids
    ]


def created(answer: list[Any]) -> Seen:
    """The new job of which `create.lua` answers this."""
    fields, rank, paused, since, gap = answer
    record, place = _hash(fields), Queue()
    if _waits(record):
        place = _ELSEWHERE if "url" in record else _place(record, rank, _hash(paused), since)
    return Seen(record, place, {}, gap_s(gap))


def _hash(fields: list[str]) -> Hash:
    return dict(zip(fields[::2], fields[1::2], strict=True))


def _places(client: Client, waiting: Mapping[str, Hash]) -> dict[str, Queue]:
    """Places of jobs that wait, among those with the same needs, and what else they wait for."""
    queued = {one: record for one, record in waiting.items() if "url" not in record}
    with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(keys.PAUSED)
        for job_id, record in queued.items():
            pipe.zrank(keys.ready(record.get("lane", ""), _need(record)), f"{job_id}/0")
            pipe.hget(keys.NEEDS, _need(record))
        paused, *found = _sound(pipe)
    places = dict.fromkeys(waiting, _ELSEWHERE)
    for (job_id, record), rank, since in zip(queued.items(), found[::2], found[1::2], strict=True):
        places[job_id] = _place(record, rank, paused or {}, since)
    return places


def _place(record: Hash, rank: int | None, paused: Hash, since: str | None) -> Queue:
    why = _pause(paused, record) or reason(_need(record), since)
    return Queue(position=(rank or 0) + 1, reason=why)


def _pause(paused: Hash, record: Hash) -> str | None:
    if keys.EVERYBODY in paused:
        return "The service is paused: what is accepted waits."
    return "This tenant is paused: what it sends waits." if record.get("tenant") in paused else None


def _pages(client: Client, ids: list[str]) -> dict[str, Hash]:
    with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.hgetall(keys.pages(job_id))
        return {one: pages or {} for one, pages in zip(ids, _sound(pipe), strict=True)}


def _sound(pipe: Client) -> list[Any]:
    """What a pipeline answers; nothing in the place of an error. Raises Unavailable."""
    return [None if isinstance(one, Exception) else one for one in answers_of(pipe)]


def _waits(record: Hash) -> bool:
    return record.get("status") == Status.QUEUED


def _has_problems(record: Hash) -> bool:
    return "code" in record and ("failed" in record or "flawed" in record)


def _need(record: Hash) -> str:
    return record.get("need", PLAIN)  # of a damaged record


def gap_s(stored: str | None) -> float | None:
    """The mean seconds between two pages, from the store's milliseconds."""
    return max(float(stored), 1.0) / 1000 if stored else None


def queue_of(record: Hash, place: Queue, page_gap_s: float | None) -> Queue:
    """Where the job stands, and until when, by the pages ahead of it and its own."""
    under_way = record.get("status") in (Status.QUEUED, Status.RUNNING)
    if not under_way or page_gap_s is None or place.reason:
        return place
    own = int(record.get("total", 1)) - int(record.get("done", 0)) - int(record.get("failed", 0))
    ahead = (place.position or 1) - 1
    return place.model_copy(update={"eta_s": (ahead + own) * page_gap_s})
