"""What the callers of open requests were let in by: once it is taken back, their requests end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from shared.errors import Unauthorized, Unavailable
from shared.store.api_keys import ApiKeys, Role

_LOOK_S = 1.0  # a revocation must have taken effect after two
_log = structlog.get_logger()


@dataclass(eq=False)
class Grant:
    """One request's leave to work for a tenant.

    `key` is the hash of its API key, if it has one, and `by` what people call that.
    """

    tenant: str
    key: str | None = None
    connection: socket.socket | None = None
    role: Role | None = None
    key_id: str = ""
    answered: bool = False
    by: str | None = None
    revoked: bool = field(default=False, init=False)

    def check(self) -> None:
        """Raise Unauthorized if the key was revoked meanwhile."""
        if self.revoked:
            raise Unauthorized("This API key was revoked.")

    def revoke(self) -> None:
        """Break off what still comes in, and what goes out; an answer can still be begun."""
        self.revoked = True
        if self.connection is not None:
            with suppress(OSError):  # the client is gone
                self.connection.shutdown(socket.SHUT_RDWR if self.answered else socket.SHUT_RD)


class Grants:
    """The open requests of this process, and whether what let them in still holds."""

    def __init__(self, api_keys: ApiKeys, wake: Callable[[], None]) -> None:
        self._api_keys = api_keys
        self._wake = wake
        self._lock = threading.Lock()
        self._open: set[Grant] = set()
        self._is_watched = False

    def open(self, grant: Grant) -> None:
        """Look after a request until it is closed."""
        with self._lock:
            self._open.add(grant)
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, daemon=True).start()

    def close(self, grant: Grant) -> None:
        """Say that the request is over."""
        with self._lock:
            self._open.discard(grant)

    def _watch(self) -> None:
        """Look every second, in a thread of its own, while requests are open."""
        while self._go_on():
            time.sleep(_LOOK_S)
            try:
                self._look()
            except Unavailable:
                continue  # nothing is known; what reads from the store finds that out, too

    def _go_on(self) -> bool:
        with self._lock:
            self._is_watched = bool(self._open)
            return self._is_watched

    def _look(self) -> None:
        with self._lock:
            found = list(self._open)
        held = {grant.key for grant in found if grant.key}
        lost: set[str | None] = set(held - self._api_keys.in_use(held))
        if any(grant.key is None for grant in found) and self._api_keys.any():
            lost.add(None)
        revoked = [grant for grant in found if grant.key in lost and not grant.revoked]
        for grant in revoked:
            grant.revoke()
        if revoked:
            _log.info("a key was revoked; its requests end", num_requests=len(revoked))
            self._wake()
