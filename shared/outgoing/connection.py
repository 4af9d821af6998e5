"""A connection to a checked address: that very address, cut at a deadline, with nothing unasked.

On `http.client`, because it does nothing unasked: one connection, no proxies of the environment, no
redirects, no cookies, no decompression. What is added here is the address and the deadline.
"""

from __future__ import annotations

import heapq
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count

from shared.outgoing.addresses import Target


class Connection(http.client.HTTPConnection):
    """A connection to one checked address that says the URL's host in `Host` and in TLS."""

    def __init__(
        self, target: Target, address: str, deadline: float, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80
        self._target = target
        self._address = address
        self._deadline = deadline
        self._context = context
        self._line: socket.socket | None = None
        self.was_cut = False

    def connect(self) -> None:
        self.sock = self._line = socket.create_connection(
            (self._address, self._target.port), timeout=_left(self._deadline)
        )
        if self._target.scheme == "https":
            context = self._context or ssl.create_default_context()
            self.sock = self._line = context.wrap_socket(
                self.sock, server_hostname=self._target.host
            )

    def cut(self) -> None:
        """End whatever the connection is waiting for; called by another thread."""
        self.was_cut = True
        # Not `sock`, which `http.client` lets go of while a body lasts until the connection's end;
        # and not the TLS socket's own `shutdown`, which would change it under its reader.
        if self._line is not None:
            with suppress(OSError):  # it has ended already
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)


class _Cutter:
    """Cuts connections at their deadlines, all of them from one thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, list[Connection]]] = []
        self._numbers = count()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, connection: Connection, deadline: float) -> Iterator[None]:
        """Cut the connection if it is still in use at this time of `time.monotonic`."""
        used = [connection]
        with self._changed:
            heapq.heappush(self._due, (deadline, next(self._numbers), used))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cutter", daemon=True)
                self._thread.start()
            elif self._due[0][2] is used:
                self._changed.notify()
        try:
            yield
        finally:
            used.clear()  # what is left of it waits for its time, and then goes

    def _run(self) -> None:
        while True:
            with self._changed:
                while (left := self._left()) is None or left > 0:
                    self._changed.wait(left)
                _, _, used = heapq.heappop(self._due)
            for connection in used[:]:
                connection.cut()

    def _left(self) -> float | None:
        """Seconds until the next deadline, if there is one."""
        return self._due[0][0] - time.monotonic() if self._due else None


_cutter = _Cutter()


@contextmanager
def connected(
    target: Target, deadline: float, context: ssl.SSLContext | None
) -> Iterator[Connection]:
    """Connect to the first checked address that answers, and cut the line at the deadline.

    `deadline` is a time of `time.monotonic`. `context` replaces the system's certificates. Raises
    OSError.

    A socket's own timeout counts from byte to byte: a server that drips would hold us for ever.
    """
    for number, address in enumerate(target.addresses, start=1):
        connection = Connection(target, address, deadline, context)
        with closing(connection), _cutter.watching(connection, deadline):
            try:
                connection.connect()
            except OSError:
                if number == len(target.addresses):
                    raise
                continue
            yield connection
            return


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline is past")
    return left
