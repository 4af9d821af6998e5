"""The steady clock of the store, which keepers let go on (`_clock.lua`)."""

from __future__ import annotations

import redis
import structlog

from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

_MOST_STEP_MS = 5000  # what a clock that is set, or an outage, counts as at most
_STEPS, _TICKS = 4, 10  # of a lease: after an outage most of it is left to whoever had renewed it
_INTERVAL_S = 1.0
_log = structlog.get_logger()


class SteadyClock:
    """Ticks often. Several keepers may: the clock goes on by what has passed, whoever ticks."""

    def __init__(self, client: Client, lease_s: float, clock: Clock = server_clock) -> None:
        self.interval_s = min(_INTERVAL_S, lease_s / _TICKS)
        self._lease_ms = round(lease_s * 1000)
        self._step_ms = min(_MOST_STEP_MS, self._lease_ms // _STEPS)
        self._scripts = Scripts(client, clock)

    def tick(self) -> None:
        """Let the clock go on. Raises Unavailable."""
        names = [keys.LEASES, keys.UPLOADS, keys.BATCHES_DUE, keys.ERASED]
        try:
            self._scripts.run_on("tick", names, self._step_ms, self._lease_ms)
        except redis.ResponseError:
            _log.exception("the record of the steady clock cannot be used; it begins anew")
            with store_faults():
                self._scripts.client.delete(keys.CLOCK)
