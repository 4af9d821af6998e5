"""Documents to be fetched from their addresses; until that is done, their jobs have no slice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import redis

from shared.errors import DocchuError
from shared.jobs import Document
from shared.options import Options
from shared.store import keys
from shared.store.aside import Aside
from shared.store.errands.queues import ErrandQueues, Route, host_of
from shared.store.jobs.records import has_one_page
from shared.store.needs import need_of
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

_MAX_TRIES = 10  # keepers that one document may end
Ended = Literal["ready", "failed", "again", "ended", "lost"]


def fetch_route(tenant: str, options: Options, url: str) -> Route:
    """Where a document waits. Bulk work shares places with bulk work, as in the workers' lanes."""
    flow = tenant if options.priority == "interactive" else f"{tenant}/bulk"
    return Route("fetches", flow, host_of(url))


@dataclass(frozen=True)
class Fetch:
    """A document that is to be fetched, leased. `id` is its job's."""

    id: str
    route: Route
    lease: str
    tenant: str
    url: str
    name: str | None
    options: Options
    request_id: str | None
    trace: str | None

    @property
    def names(self) -> dict[str, object]:
        """What a log line says of it."""
        return {"job": self.id, "request": self.request_id}


class FetchQueue:
    """The documents to be fetched. Methods raise Unavailable when the server is away."""

    def __init__(self, client: Client, lease_s: float, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)
        self._aside = Aside(client, clock)
        self._errands = ErrandQueues("fetches", client, lease_s, clock)
        self.flows, self.hosts = self._errands.flows, self._errands.hosts

    def take(self, flow: str, host: str, limit: int) -> list[Fetch]:
        """Lease up to `limit` documents of a flow at a host; those that are still wanted."""
        lease, ids = self._errands.take(flow, host, limit)
        return list(self._begun(Route("fetches", flow, host), lease, ids))

    def done(self, fetch: Fetch, document: Document) -> Ended:
        """The document is stored: its job waits to be read from here on."""
        total = "1" if has_one_page(document, fetch.options) else ""
        need = need_of(fetch.options, document.media_type)
        return self._end(fetch, "done", document.model_dump_json(exclude_none=True), total, need)

    def failed(self, fetch: Fetch, error: DocchuError) -> Ended:
        """There is no document: the job fails."""
        return self._end(fetch, "failed", error.code, error.detail)

    def again(self, fetch: Fetch, delay_s: float) -> Ended:
        """The service had a fault: try again then."""
        return self._end(fetch, "again", round(delay_s * 1000))

    def is_gone(self, fetch: Fetch) -> bool:
        """Whether nothing of the job's bytes is wanted any more."""
        with store_faults():
            return self._client.hget(keys.job(fetch.id), "status") in (None, "expired")

    def _begun(self, route: Route, lease: str, ids: list[str]) -> Iterator[Fetch]:
        for job_id in ids:
            try:
                fetch = self._begin(route, lease, job_id)
            except (redis.ResponseError, TypeError, ValueError) as error:
                self._aside.put(route.keys[2], job_id, error)
                continue
            if fetch:
                yield fetch

    def _begin(self, route: Route, lease: str, job_id: str) -> Fetch | None:
        answer = self._scripts.run(
            "fetch_begin", job_id, *route.names, lease, _MAX_TRIES, more_keys=tuple(route.keys)
        )
        if answer is None:
            return None
        tenant, url, document, options, request, trace = json.loads(answer)
        name = Document.model_validate_json(document).name
        wanted = Options.model_validate_json(options)
        ids = request or None, trace or None
        return Fetch(job_id, route, lease, tenant, url, name, wanted, *ids)

    def _end(self, fetch: Fetch, outcome: str, *args: object) -> Ended:
        route = fetch.route
        ended: Ended = self._scripts.run(
            "fetch_end",
            fetch.id,
            *route.names,
            fetch.lease,
            outcome,
            *args,
            more_keys=tuple(route.keys),
        )
        return ended
