"""How much waits and runs right now, read from the store in a few round trips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.jobs import Status
from shared.store import keys
from shared.store.errands.queues import ErrandQueues, Kind
from shared.store.scripts import Client, Scripts, answers_of, store_faults

_NEXT = 500
"""Slices of a lane, the next to be read, of which the oldest is looked for. Flows take turns, so
each that waits has its first one among them, unless there are very many."""
_KINDS: Mapping[str, Kind] = {"webhook": "deliveries", "fetch": "fetches"}


@dataclass(frozen=True)
class Levels:
    """Slices that wait, and their pages, by lane; slices that are read; pages not finished; ended
    jobs; page rate; jobs by status, tombstones among them; records that cannot be used; needs that
    no worker meets.
    """

    slices_waiting: dict[str, int]
    pages_waiting: dict[str, int]
    running: int
    backlog_pages: int
    jobs_kept: int
    page_gap_s: float | None
    jobs: dict[Status, int]
    set_aside: int
    unmet_needs: int


class Gauges:
    """The levels of the whole service, whichever process is asked. All raise Unavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scripts = Scripts(client)
        self._errands = {
            name: ErrandQueues(kind, client, lease_s=0) for name, kind in _KINDS.items()
        }

    def read(self) -> Levels:
        """Read the levels."""
        now = self._scripts.steady_ms()
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for lane in keys.LANES:
                pipe.hmget(keys.waiting(lane), ["*", "pages"])
            pipe.zcard(keys.LEASES)
            pipe.hget(keys.BACKLOG, "*")
            pipe.zcard(keys.RETENTION)
            pipe.hget(keys.RATE, "gap")
            pipe.hmget(keys.STATES, list(Status))
            pipe.zcount(keys.ASIDE, now, "+inf")
            pipe.hvals(keys.NEEDS)
            *waiting, running, backlog, kept, gap, jobs, aside, needs = pipe.execute()
        lanes = dict(zip(keys.LANES, waiting, strict=True))
        return Levels(
            slices_waiting={lane: _level(num) for lane, (num, _) in lanes.items()},
            pages_waiting={lane: _level(num) for lane, (_, num) in lanes.items()},
            running=running,
            backlog_pages=_level(backlog),
            jobs_kept=kept,
            page_gap_s=float(gap) / 1000 if gap else None,
            jobs={one: _level(num) for one, num in zip(Status, jobs, strict=True)},
            set_aside=aside,
            unmet_needs=sum(since != "" for since in needs),
        )

    def oldest_s(self) -> dict[str, float]:
        """Seconds since the oldest job that waits, and is not begun, was accepted, by lane."""
        now = self._scripts.now_ms()
        with store_faults():
            needs = self._client.hkeys(keys.NEEDS)
        found = {}
        for lane in keys.LANES:
            with self._client.pipeline(transaction=False) as pipe:
                for need in needs:
                    pipe.zrange(keys.ready(lane, need), 0, _NEXT - 1)
                names = [name for some in _sound(pipe) for name in some]
            with self._client.pipeline(transaction=False) as pipe:
                for job_id in {name.partition("/")[0] for name in names}:
                    pipe.hmget(keys.job(job_id), ["created", "started"])
                ages = [now - int(made) for made, begun in _sound(pipe) if made and not begun]
            found[lane] = max(0, *ages, 0) / 1000
        return found

    def errands(self) -> dict[str, tuple[int, float]]:
        """What is due and not begun: how many, and for how many seconds the oldest has been."""
        now = self._scripts.steady_ms()
        found = {}
        for name, queues in self._errands.items():
            kind = _KINDS[name]
            routes = [
                (flow, host) for flow in queues.flows(_NEXT) for host in queues.hosts(flow, _NEXT)
            ]
            with self._client.pipeline(transaction=False) as pipe:
                for flow, host in routes:
                    queue = keys.errands(kind, flow, host)[2]
                    pipe.zcount(queue, "-inf", now)
                    pipe.zrange(queue, 0, 0, withscores=True)
                answers = answers_of(pipe)
            nums = [one for one in answers[::2] if isinstance(one, int)]
            since = [one[0][1] for one in answers[1::2] if isinstance(one, list) and one]
            found[name] = sum(nums), max(0.0, now - min(since, default=now)) / 1000
        return found


def _level(stored: str | None) -> int:
    return max(0, int(stored or 0))


def _sound(pipe: Client) -> list[Any]:
    """What a pipeline answers, without what is damaged."""
    return [one for one in answers_of(pipe) if isinstance(one, list)]
