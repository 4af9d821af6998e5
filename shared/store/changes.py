"""Tells who waits in this process that a job or batch has changed: one connection for all of them.

The store publishes each change. Who waits costs a subscription, no connection and no round trip
until something happens.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from redis.exceptions import ConnectionError, RedisError

from shared.store import keys
from shared.store.scripts import Client

_QUIET_S = 5.0  # then the connection is tried with a PING
_MAX_QUIET = 2  # times in a row; then it is given up
_IDLE = 12  # times in a row with nobody who waits; then it is given back
_AGAIN_S = 0.5
_PASSING = ("running", "page ")
_CHANNEL = keys.events("")
_log = structlog.get_logger()


class Watch:
    """The look-out of one who waits for changes of a job or batch."""

    def __init__(self, ends_only: bool) -> None:
        self.ends_only = ends_only
        self._rung = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is a change, or may have been one since the last call; whether so."""
        rung = self._rung.wait(timeout_s)
        self._rung.clear()
        return rung

    def ring(self) -> None:
        """End the present wait, or the next one."""
        self._rung.set()


class Changes:
    """The changes that somebody in this process waits for."""

    def __init__(self, client: Client) -> None:
        self._pool = client.connection_pool
        self._lock = threading.Lock()
        self._watches: dict[str, set[Watch]] = {}
        self._confirmed: set[str] = set()
        self._connection: Client = None
        self._listener: threading.Thread | None = None

    @contextmanager
    def watch(self, one_id: str, *, ends_only: bool = False) -> Iterator[Watch]:
        """Look out for changes. `ends_only`: neither a job's begin nor its pages are of interest.

        It rings once at the beginning, as soon as no later change can be missed.
        """
        watch = Watch(ends_only)
        self._join(one_id, watch)
        try:
            yield watch
        finally:
            self._leave(one_id, watch)

    def ring_all(self) -> None:
        """End the present wait of everybody."""
        with self._lock:
            found = [watch for watches in self._watches.values() for watch in watches]
        for watch in found:
            watch.ring()

    def _join(self, one_id: str, watch: Watch) -> None:
        with self._lock:
            watches = self._watches.setdefault(one_id, set())
            watches.add(watch)
            if len(watches) == 1:
                self._send("SUBSCRIBE", one_id)
            elif one_id in self._confirmed:
                watch.ring()
            if self._listener is None or not self._listener.is_alive():
                self._listener = threading.Thread(target=self._listen, daemon=True)
                self._listener.start()

    def _leave(self, one_id: str, watch: Watch) -> None:
        with self._lock:
            watches = self._watches[one_id]
            watches.discard(watch)
            if not watches:
                del self._watches[one_id]
                self._confirmed.discard(one_id)
                self._send("UNSUBSCRIBE", one_id)

    def _send(self, command: str, *ids: str) -> None:
        """Say something to the store; where that fails, the listener begins anew. Locked."""
        if self._connection is None:
            return
        try:
            channels = [keys.events(one_id) for one_id in ids]
            self._connection.send_command(command, *channels, check_health=False)
        except RedisError:
            self._connection = None

    def _listen(self) -> None:
        """Listen, in a thread of its own, until nobody has waited for long."""
        while self._is_wanted():
            try:
                self._hear()
            except (RedisError, OSError, ValueError, AttributeError, TypeError):
                # The last three are what redis-py says where another thread found it broken first.
                _log.warning("changes are not heard for the moment; who waits looks for itself")
                time.sleep(_AGAIN_S)
            self.ring_all()  # what has changed meanwhile is unknown

    def _is_wanted(self) -> bool:
        with self._lock:
            if not self._watches:
                self._listener = None
            return self._listener is not None

    def _hear(self) -> None:
        """Hear what the store says over one connection, until it breaks or is of no use."""
        connection = self._pool.get_connection()
        try:
            with self._lock:
                self._connection = connection
                self._confirmed.clear()
                if self._watches:
                    self._send("SUBSCRIBE", *self._watches)
            num_quiet = 0
            while self._connection is connection:
                if connection.can_read(timeout=_QUIET_S):
                    num_quiet = 0
                    self._take(connection.read_response(push_request=True))
                else:
                    num_quiet += 1
                    self._look_after(num_quiet)
        finally:
            with self._lock:
                if self._connection is connection:
                    self._connection = None
            connection.disconnect()
            self._pool.release(connection)

    def _look_after(self, num_quiet: int) -> None:
        """See whether the store still answers, and whether anybody still waits."""
        with self._lock:
            if not self._watches:
                if num_quiet >= _IDLE:
                    self._connection = None
            elif num_quiet > _MAX_QUIET:
                raise ConnectionError("the store says nothing, not even to a PING")
            elif self._connection is not None:
                self._connection.send_command("PING", check_health=False)

    def _take(self, said: object) -> None:
        """Ring where the store said that something has changed, or will say so from now on."""
        if not isinstance(said, list) or said[0] not in ("subscribe", "message"):
            return
        kind, channel, what = said
        one_id = channel.removeprefix(_CHANNEL)
        passing = kind == "message" and str(what).startswith(_PASSING)
        with self._lock:
            if kind == "subscribe":
                self._confirmed.add(one_id)
            found = list(self._watches.get(one_id, ()))
        for watch in found:
            if not (passing and watch.ends_only):
                watch.ring()
