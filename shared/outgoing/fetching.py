"""Fetches a document from a checked address: that very address, no redirect, bounded in all.

Over `shared.outgoing.connection`, which connects and keeps the time.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable
from contextlib import closing

from shared.errors import DocchuError, DocumentTooLarge, FetchFailed, Unavailable
from shared.outgoing.addresses import Target
from shared.outgoing.connection import connected

_CHUNK_BYTES = 64 * 1024
_HELD_UP_S = 1
"""A connection is cut at its deadline: who notices so much later was stopped, or his disk was."""
_OK = 200
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "docchu"}


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
    the DocchuError that `write` raises, and Unavailable where we were held up ourselves: that says
    nothing of the host. `context` replaces the system's certificates.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with connected(target, deadline, context) as connection:
            connection.request("GET", target.path, headers=_HEADERS)
            with closing(connection.getresponse()) as response:
                _check(response, max_bytes)
                _copy(response, write, max_bytes)
            # A body that lasts until the connection ends looks whole when it was we who ended it.
            if connection.was_cut:
                raise TimeoutError("cut at the deadline")
    except DocchuError:
        raise
    except Exception as error:
        # The boundary to a foreign machine: http.client and email raise more kinds than they name
        # for what it may send.
        late_s = time.monotonic() - deadline
        if late_s > _HELD_UP_S:
            raise Unavailable("Fetching the document was held up.") from error
        if late_s >= 0:
            raise FetchFailed(f"The document did not come within {timeout_s:g} s.") from error
        raise FetchFailed(f"{target.host} did not give the document.") from error


def _copy(
    response: http.client.HTTPResponse, write: Callable[[bytes], object], max_bytes: int
) -> None:
    size = 0
    # Not `read`: that takes a chunk of length -1 for all that ever comes, into memory.
    while data := response.read1(_CHUNK_BYTES):
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
