"""Fetches a document from a checked address: that very address, no redirect, bounded in all.

On `http.client`, because it does nothing unasked: one connection, no proxies of the environment, no
redirects, no cookies, no decompression. What is added here is the address and the deadline.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from shared.addresses import Target
from shared.errors import DocumentTooLarge, FetchFailed

_CHUNK_BYTES = 64 * 1024
_OK = 200
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "docchu"}


class _Connection(http.client.HTTPConnection):
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
        """End whatever the connection is waiting for; called by the guard's thread."""
        self.was_cut = True
        # Not `sock`, which `http.client` lets go of while a body lasts until the connection's end;
        # and not the TLS socket's own `shutdown`, which would change it under its reader.
        if self._line is not None:
            with suppress(OSError):  # it has ended already
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)


def fetch(
    target: Target,
    write: Callable[[bytes], object],
    max_bytes: int,
    timeout_s: float,
    *,
    context: ssl.SSLContext | None = None,
) -> None:
    """Hand the body at the target to `write` piece by piece, within `timeout_s` seconds in all.

    Raises FetchFailed unless the answer is a whole 200, DocumentTooLarge past `max_bytes`, and
    whatever `write` raises. `context` replaces the system's certificates.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with _connected(target, deadline, context) as connection:
            connection.request("GET", target.path, headers=_HEADERS)
            with closing(connection.getresponse()) as response:
                _check(response, max_bytes)
                _copy(response, write, max_bytes)
            # A body that lasts until the connection ends looks whole when it was we who ended it.
            if connection.was_cut:
                raise TimeoutError("cut at the deadline")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise FetchFailed(f"The document did not come within {timeout_s:g} s.") from error
        raise FetchFailed(f"{target.host} did not give the document.") from error


def _copy(
    response: http.client.HTTPResponse, write: Callable[[bytes], object], max_bytes: int
) -> None:
    size = 0
    while data := response.read(_CHUNK_BYTES):
        size += len(data)
        if size > max_bytes:
            raise DocumentTooLarge(max_bytes=max_bytes)
        write(data)
    if response.length:  # bytes that were announced and did not come
        raise http.client.IncompleteRead(b"", response.length)


def _check(response: http.client.HTTPResponse, max_bytes: int) -> None:
    if 300 <= response.status < 400:
        raise FetchFailed("The address redirects, and redirects are not followed.")
    if response.status != _OK:
        raise FetchFailed(f"The address answered {response.status}.", status=response.status)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed("The address answered with a compressed body, which was not asked for.")
    if (response.length or 0) > max_bytes:
        raise DocumentTooLarge(max_bytes=max_bytes)


@contextmanager
def _connected(
    target: Target, deadline: float, context: ssl.SSLContext | None
) -> Iterator[_Connection]:
    """Connect to the first checked address that answers, and cut the line at the deadline.

    A socket's own timeout counts from byte to byte: a server that drips would hold us for ever.
    """
    for number, address in enumerate(target.addresses, start=1):
        connection = _Connection(target, address, deadline, context)
        guard = threading.Timer(_left(deadline), connection.cut)
        guard.daemon = True
        guard.start()
        try:
            try:
                connection.connect()
            except OSError:
                if number == len(target.addresses):
                    raise
                continue
            yield connection
            return
        finally:
            guard.cancel()
            connection.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline is past")
    return left
