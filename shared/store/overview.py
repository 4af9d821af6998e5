"""What waits, what is being read and what went wrong, of all tenants.

Each look takes a bounded number of round trips, and reads a bounded number of records.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.ids import is_id
from shared.jobs import Status
from shared.store import keys
from shared.store.jobs.records import Hash, PageRecord
from shared.store.lists import behind, everything, newest
from shared.store.scripts import Client, Scripts, answers_of, store_faults
from shared.store.workers import CANARY_TENANT

_MOST_READ = 1000  # slices
_TROUBLE = frozenset({"poison_page", "page_timeout", "page_crashed", "job_timeout"})


@dataclass(frozen=True)
class Reading:
    """A slice that is being read."""

    worker: str
    tenant: str
    job_id: str
    slice: int
    attempt: int
    crashes: int
    pages: list[int] | None
    since_ms: int


@dataclass
class Backlog:
    """What waits of a tenant: pages, slices by lane (those put apart by a pause among them)."""

    pages: int = 0
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(keys.LANES, 0))
    oldest_ms: int | None = None


class Overview:
    """Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scripts = Scripts(client)

    def tenants(self) -> list[str]:
        """Who has, or had, jobs."""
        with store_faults():
            places = self._client.hkeys(keys.PLACES)
        found = (name.removeprefix("jobs:") for name in places if name.startswith("jobs:"))
        return sorted(name for name in found if name != CANARY_TENANT)

    def readings(self) -> list[Reading]:
        """The slices that are being read, by their job."""
        with store_faults():
            names = self._client.zrange(keys.LEASES, 0, _MOST_READ - 1)
        places = [name.rpartition("/")[::2] for name in names]
        with self._client.pipeline(transaction=False) as pipe:
            for job_id, index in places:
                pipe.hget(keys.slices(job_id), index)
                pipe.hget(keys.job(job_id), "tenant")
            answers = answers_of(pipe)
        read = zip(places, answers[::2], answers[1::2], strict=True)
        found = [_reading(job_id, index, text, tenant) for (job_id, index), text, tenant in read]
        return sorted((one for one in found if one), key=lambda one: one.since_ms)

    def backlogs(self) -> dict[str, Backlog]:
        """What waits of each tenant that has anything waiting."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.BACKLOG)
            for lane in keys.LANES:
                pipe.hgetall(keys.waiting(lane))
            pages, *lanes = pipe.execute()
        found = {one: Backlog(int(num)) for one, num in pages.items() if one != keys.EVERYBODY}
        for lane, counts in zip(keys.LANES, lanes, strict=True):
            for tenant, num in self._by_tenant(counts).items():
                found.setdefault(tenant, Backlog()).waiting[lane] += num
        found.pop(CANARY_TENANT, None)
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for tenant in found:
                (name,) = keys.parts(f"jobs:{tenant}", [Status.QUEUED])
                pipe.zrange(name, 0, 0, withscores=True)
            oldest = pipe.execute()
        for backlog, first in zip(found.values(), oldest, strict=True):
            backlog.oldest_ms = int(first[0][1]) if first else None
        return found

    def _by_tenant(self, counts: Hash) -> Counter[str]:
        """Slices that wait by tenant, of the counts by flow: a tenant, or one of its batches."""
        flows: Counter[str] = Counter()
        for name, text in counts.items():
            if name.startswith("flow:"):
                flows[name.removeprefix("flow:").rpartition(":")[0]] += int(text)
        batches = [flow for flow in flows if is_id("bat", flow)]
        with self._client.pipeline(transaction=False) as pipe:
            for batch in batches:
                pipe.hget(keys.batch(batch), "tenant")
            owners = dict(zip(batches, answers_of(pipe), strict=True))
        found: Counter[str] = Counter()
        for flow, num in flows.items():
            found[str(owners.get(flow) or flow)] += num
        return found

    def ended_badly(self, tenants: Sequence[str], limit: int) -> list[str]:
        """Ids of the jobs that failed last, or in part, of all these tenants."""
        names = [
            name
            for tenant in tenants
            for name in keys.parts(f"jobs:{tenant}", [Status.FAILED, Status.PARTIAL])
        ]
        return newest(self._client, names, limit, None).ids if names else []

    def counts(self, owner: str, tenants: Sequence[str], status: str) -> dict[str, int]:
        """How much each tenant has of a status in its lists of `jobs`, or of `deliveries`."""
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            for tenant in tenants:
                pipe.zcard(*keys.parts(f"{owner}:{tenant}", [status]))
            sizes = pipe.execute()
        return {tenant: size for tenant, size in zip(tenants, sizes, strict=True) if size}

    def troubled_pages(self, ids: Sequence[str]) -> dict[str, dict[int, str]]:
        """Of each job the pages that ended their workers, or took too long, with the reason."""
        with self._client.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hgetall(keys.pages(job_id))
            answers = answers_of(pipe)
        found = {}
        for job_id, texts in zip(ids, answers, strict=True):
            records = {int(n): PageRecord.parse(text) for n, text in _sound(texts).items()}
            pages = {n: record.code for n, record in records.items() if record.code in _TROUBLE}
            if pages:
                found[job_id] = dict(sorted(pages.items()))
        return found

    def oldest(self, owner: str, status: Status, limit: int) -> list[str]:
        """The first jobs of a tenant's, or a batch's, that have this status."""
        return behind(self._client, keys.parts(owner, [status]), limit, after=0).ids

    def ended_before(
        self, tenants: Sequence[str], age_s: float, limit: int
    ) -> list[tuple[str, str]]:
        """Tenant and id of jobs that ended so long ago, or earlier."""
        until = self._scripts.steady_ms() - round(age_s * 1000)
        found: list[tuple[str, str]] = []
        for tenant in tenants:
            (name,) = keys.parts(f"jobs:{tenant}", ["finished"])
            with store_faults():
                ids = self._client.zrange(
                    name, "-inf", until, byscore=True, offset=0, num=limit - len(found)
                )
            found += [(tenant, one) for one in ids]
            if len(found) >= limit:
                break
        return found

    def not_requeued(self, tenants: Sequence[str], limit: int) -> list[str]:
        """Failed jobs that nobody has requeued, the oldest first of each tenant."""
        found: list[str] = []
        for tenant in tenants:
            ids = everything(self._client, keys.parts(f"jobs:{tenant}", [Status.FAILED]))
            known = self.requeued(ids)
            found += [one for one in ids if one not in known]
            if len(found) >= limit:
                break
        return found[:limit]

    def requeued(self, ids: Sequence[str]) -> dict[str, str]:
        """Of jobs that somebody requeued, the new ones; empty where that could not be done."""
        with self._client.pipeline(transaction=False) as pipe:
            for job_id in ids:
                pipe.hget(keys.job(job_id), "requeued")
            answers = answers_of(pipe)
        return {one: new for one, new in zip(ids, answers, strict=True) if isinstance(new, str)}

    def note_requeued(self, job_id: str, new_id: str) -> None:
        """Note that a job was requeued as this one, or cannot be."""
        self._scripts.run("requeued", job_id, new_id)

    def memory(self) -> tuple[int, int]:
        """Bytes of memory that the store takes, and may take (0: no limit of its own)."""
        with store_faults():
            told = self._client.info("memory")
        return int(told.get("used_memory", 0)), int(told.get("maxmemory", 0))


def _sound(answer: Any) -> Hash:
    return answer if isinstance(answer, dict) else {}


def _reading(job_id: str, index: str, text: Any, tenant: Any) -> Reading | None:
    if not isinstance(text, str) or not isinstance(tenant, str):
        return None  # it ended this moment, or is damaged
    fields = json.loads(text)
    if fields.get("s") != "l":
        return None
    return Reading(
        worker=fields["o"],
        tenant=tenant,
        job_id=job_id,
        slice=int(index),
        attempt=fields["a"],
        crashes=fields["d"],
        pages=fields.get("p"),
        since_ms=fields["t"],
    )
