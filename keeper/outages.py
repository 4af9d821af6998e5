"""Tells a store that was away from workers that are: after an outage leases are given their time.

While the store is away no worker can renew a lease. Taken back right after it, its slices would
count as crashes of workers that did nothing wrong, and three outages would condemn innocent pages.
When it last answered a keeper stands in the store itself, so that a keeper that was started since
knows of the outage, too.
"""

from __future__ import annotations

import redis
import structlog

from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

_log = structlog.get_logger()


class Outages:
    """Whether leases that ran out may be believed."""

    def __init__(self, client: Client, lease_s: float, clock: Clock = server_clock) -> None:
        self._lease_ms = round(lease_s * 1000)
        self._scripts = Scripts(client, clock)

    def over(self) -> bool:
        """Note that the store answers; whether it has done so for as long as a lease lasts.

        Raises Unavailable.
        """
        try:
            return bool(self._scripts.run_on("outage", [keys.CANARY], self._lease_ms))
        except redis.ResponseError:
            _log.exception("the record of outages cannot be used; it begins anew")
            with store_faults():
                self._scripts.client.delete(keys.CANARY)
            return False
