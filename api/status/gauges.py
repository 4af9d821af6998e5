"""How much waits and runs right now, read from the store in one round trip."""

from __future__ import annotations

from dataclasses import dataclass

from shared.jobs import Status
from shared.store import keys
from shared.store.scripts import Client, Scripts, store_faults


@dataclass(frozen=True)
class Levels:
    """Slices that wait, by lane, and that are read; pages not finished; ended jobs; page rate;
    jobs by status, tombstones among them; records that cannot be used.
    """

    waiting: dict[str, int]
    running: int
    backlog_pages: int
    jobs_kept: int
    page_gap_s: float | None
    jobs: dict[Status, int]
    set_aside: int


class Gauges:
    """The levels of the whole service, whichever process is asked."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> Levels:
        """Read all levels. Raises Unavailable."""
        now = Scripts(self._client).steady_ms()
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for lane in keys.LANES:
                pipe.hget(keys.waiting(lane), "*")
            pipe.zcard(keys.LEASES)
            pipe.hget(keys.BACKLOG, "*")
            pipe.zcard(keys.RETENTION)
            pipe.hget(keys.RATE, "gap")
            pipe.hmget(keys.STATES, list(Status))
            pipe.zcount(keys.ASIDE, now, "+inf")
            *waiting, running, backlog, kept, gap, jobs, aside = pipe.execute()
        return Levels(
            waiting={one: int(num or 0) for one, num in zip(keys.LANES, waiting, strict=True)},
            running=running,
            backlog_pages=int(backlog or 0),
            jobs_kept=kept,
            page_gap_s=float(gap) / 1000 if gap else None,
            jobs={one: max(0, int(num or 0)) for one, num in zip(Status, jobs, strict=True)},
            set_aside=aside,
        )
