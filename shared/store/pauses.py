"""Pauses: while one lasts no slice is claimed, of a tenant or of all; what is accepted waits.

Slices of a paused tenant that come to the head of a lane are put apart by the claim that finds them
there (`jobs/_choose.lua`), so that they stand in nobody's way. Once it goes on they are queued in
their order, as many pages behind the head as they stood behind the first of them.
"""

from __future__ import annotations

from typing import Any

from shared.broker import message_template
from shared.store import keys
from shared.store.jobs.upkeep import Upkeep
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

_PIECE = 500  # slices


class Pauses:
    """Who is paused. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)
        self._upkeep = Upkeep(client, 1, clock)

    def all(self) -> dict[str, int]:
        """Since when (ms) each tenant is paused; `*` is the whole service."""
        with store_faults():
            found = self._client.hgetall(keys.PAUSED)
        return {name: int(since) for name, since in found.items()}

    def pause(self, tenant: str | None = None) -> None:
        """Let nobody claim slices of a tenant, or any."""
        with store_faults():
            self._client.hsetnx(keys.PAUSED, tenant or keys.EVERYBODY, self._scripts.now_ms())

    def resume(self, tenant: str | None = None) -> None:
        """Let them be claimed again."""
        with store_faults():
            self._client.hdel(keys.PAUSED, tenant or keys.EVERYBODY)
        self.release()
        self._upkeep.wake()

    def release(self) -> None:
        """Queue what waits apart although its tenant is not paused any more."""
        with store_faults():
            waiting = self._client.smembers(keys.parked(keys.EVERYBODY))
        if waiting:
            for tenant in waiting - self.all().keys():
                self._release(tenant)

    def _release(self, tenant: str) -> None:
        first: dict[str, float] = {}
        apart = keys.parked(tenant)
        while entries := self._head(tenant):
            calls = []
            for entry, at in entries:
                queue, _, name = entry.rpartition(" ")
                job_id, _, index = name.rpartition("/")
                behind = at - first.setdefault(queue, at)
                args = [job_id, index, behind, entry, tenant, message_template()]
                calls.append(([*keys.of_job(job_id), apart], args))
            answers = self._scripts.run_each("unpark", calls)
            told = zip(entries, answers, strict=True)
            damaged = [entry for (entry, _), one in told if isinstance(one, Exception)]
            if damaged:
                with store_faults():
                    self._client.zrem(apart, *damaged)

        def forget(pipe: Any) -> None:
            is_empty = not pipe.exists(apart)
            pipe.multi()
            if is_empty:
                pipe.srem(keys.parked(keys.EVERYBODY), tenant)

        with store_faults():
            self._client.transaction(forget, apart)

    def _head(self, tenant: str) -> list[tuple[str, float]]:
        with store_faults():
            if self._client.hexists(keys.PAUSED, tenant):
                return []
            found: list[tuple[str, float]] = self._client.zrange(
                keys.parked(tenant), 0, _PIECE - 1, withscores=True
            )
        return found
