"""Records that cannot be used: each is passed over for a while, so that it holds up no others."""

from __future__ import annotations

import structlog

from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

_AGAIN_MS = 600_000  # a newer version may know what to do with it
_FORGOTTEN_MS = 24 * 3_600_000  # after its last failure
_log = structlog.get_logger()


class Aside:
    """What was set aside, of all indexes that are gone through. Methods raise Unavailable."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)

    def put(self, index: str, member: str, error: Exception) -> None:
        """Let a member of an index by time be due again later."""
        self.note(index, member, error)
        with store_faults():
            self._client.zadd(index, {member: self._now_ms(index) + _AGAIN_MS}, xx=True)

    def note(self, index: str, member: str, error: Exception) -> None:
        """Say and count that a member cannot be used; whoever calls lets it be due again later."""
        _log.error(
            "a record cannot be used; it is set aside", index=index, record=member, exc_info=error
        )
        now = self._scripts.steady_ms()
        with store_faults(), self._client.pipeline(transaction=False) as pipe:
            pipe.zadd(keys.ASIDE, {f"{index} {member}": now + _AGAIN_MS})
            pipe.zremrangebyscore(keys.ASIDE, "-inf", now - _FORGOTTEN_MS)
            pipe.execute()

    def num(self) -> int:
        """How many are passed over now."""
        now = self._scripts.steady_ms()
        with store_faults():
            return int(self._client.zcount(keys.ASIDE, now, "+inf"))

    def _now_ms(self, index: str) -> int:
        """The time by which an index goes: only what is kept is kept by the wall."""
        return self._scripts.now_ms() if index == keys.RETENTION else self._scripts.steady_ms()
