"""Jobs with their places in the queue, read in one round trip."""

from __future__ import annotations

from shared.jobs import Queue, Status
from shared.store import keys
from shared.store.jobs.records import Hash
from shared.store.scripts import Client, store_faults


def look(client: Client, ids: list[str]) -> list[tuple[dict[str, str], Queue]]:
    """The jobs' records, empty where there is none, and their places. Raises Unavailable."""
    with store_faults(), client.pipeline(transaction=False) as pipe:
        pipe.hget(keys.RATE, "gap")
        for job_id in ids:
            pipe.hgetall(keys.job(job_id))
            for lane in keys.LANES:
                pipe.zrank(keys.ready(lane), f"{job_id}/0")
        gap, *found = pipe.execute()
    seconds = gap_s(gap)
    return [
        (record, queue_of(record, next(filter(None, ranks), 0), seconds))
        for record, *ranks in zip(*(found[i::3] for i in range(3)), strict=True)
    ]


def gap_s(stored: str | None) -> float | None:
    """The mean seconds between two pages, from the store's milliseconds."""
    return max(float(stored), 1.0) / 1000 if stored else None


def queue_of(record: Hash, rank: int, page_gap_s: float | None) -> Queue:
    """Where the job stands; `rank` slices are ahead of it in its lane while it waits."""
    status = Status(record["status"]) if record else Status.EXPIRED
    if status.terminal:
        return Queue()
    own = int(record.get("total", 1)) - int(record.get("done", 0)) - int(record.get("failed", 0))
    ahead = rank if status is Status.QUEUED else 0
    return Queue(
        position=ahead + 1 if status is Status.QUEUED else None,
        eta_s=(ahead + own) * page_gap_s if page_gap_s else None,
    )
