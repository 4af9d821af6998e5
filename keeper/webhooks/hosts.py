"""How many attempts may go to one host at once: more while it answers, fewer while it does not.

Grows and halves as TCP's window does (RFC 5681): a host that hangs is soon down to one place, and
one that answers in 50 ms gets what it can take.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

_FIRST = 4
_MAX_KNOWN = 10_000  # hosts that are remembered


@dataclass
class _Host:
    allowed: int
    busy: int = 0


class Hosts:
    """Places for attempts, `total` in all and `most` for one host. Used by many threads."""

    def __init__(self, total: int, most: int) -> None:
        self._total = total
        self._most = most
        self._busy = 0
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    @property
    def busy(self) -> int:
        """Attempts that are under way."""
        return self._busy

    def room(self, host: str) -> int:
        """Attempts that may begin for this host now.

        A host gets half of what is free, at most, so that slow ones never fill all the places.
        """
        with self._lock:
            free = self._total - self._busy
            known = self._hosts.get(host) or _Host(min(_FIRST, self._most))
            return max(0, min(known.allowed - known.busy, (free + 1) // 2))

    def enter(self, host: str, num_attempts: int) -> None:
        """Attempts begin."""
        with self._lock:
            self._hosts.setdefault(host, _Host(min(_FIRST, self._most))).busy += num_attempts
            self._busy += num_attempts

    def leave(self, host: str, answered: bool | None) -> None:
        """An attempt ended: the host answered, or did not; None: it was not asked."""
        with self._lock:
            known = self._hosts[host]
            known.busy -= 1
            self._busy -= 1
            if answered is not None:
                allowed = known.allowed + 1 if answered else known.allowed // 2
                known.allowed = max(1, min(self._most, allowed))
            if len(self._hosts) > _MAX_KNOWN and not known.busy:
                del self._hosts[host]
