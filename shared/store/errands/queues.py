"""What goes out to other hosts: deliveries of webhooks, and documents to be fetched.

An errand lies in the queue of its flow (whose it is: places are shared by that) and host, by when
it is due. Who takes it has a lease; that of one who died makes it due again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock

Kind = Literal["deliveries", "fetches"]
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Route:
    """Where errands of one kind wait: `host` has its port, `flow` is whose they are."""

    kind: Kind
    flow: str
    host: str

    @property
    def keys(self) -> list[str]:
        """The KEYS of every script that changes errands, in the order `lua/_errand.lua` names."""
        return keys.errands(self.kind, self.flow, self.host)

    @property
    def names(self) -> tuple[str, str]:
        """What such scripts have as their first arguments."""
        return self.flow, self.host


class ErrandQueues:
    """The queues of one kind. Methods raise Unavailable when the server is away."""

    def __init__(
        self, kind: Kind, client: Client, lease_s: float, clock: Clock = server_clock
    ) -> None:
        self._kind = kind
        self._lease_ms = round(lease_s * 1000)
        self._scripts = Scripts(client, clock)

    def flows(self, limit: int) -> list[str]:
        """Flows that something is due for, the longest waiting first."""
        return self._scripts.due(keys.errands(self._kind)[0], limit)

    def hosts(self, flow: str, limit: int) -> list[str]:
        """Hosts that something of this flow is due for, the longest waiting first."""
        return self._scripts.due(keys.errands(self._kind, flow)[1], limit)

    def take(self, flow: str, host: str, limit: int) -> tuple[str, list[str]]:
        """Lease up to `limit` due errands: the lease, and their ids."""
        route = Route(self._kind, flow, host)
        lease, *ids = self._scripts.run_on("take", route.keys, *route.names, limit, self._lease_ms)
        return lease, ids


def host_of(url: str) -> str:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, 0)}"
