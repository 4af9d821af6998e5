"""What a loader and its child processes say to each other: JSON headers on a socket, and pixels.

A message is the length of its header (4 bytes, big endian), the header, and, if the header has
`height` and `width`, height x width x 3 bytes of RGB. These pass through a window that both look
into (`window.py`): behind the header the child says with a byte that it has filled it, and, unless
that was all, the loader with one that it may be filled anew. Without a window they follow on the
socket. When a child is killed, nothing is left behind.

Requests: `{"verb": "count" | "load" | "layer", "path", "version", "media_type", "page",
"password"}`.
Answers: `{"ready"}` once at the start, `{"num_pages"}`, `{"height", "width", "damage", "full"}`
with the pixels (`full` is height and width in the file, where they are others), `{"layer_bytes"}`
with so many bytes of JSON (`worker.loading.pdf.layer_json`), or `{"error", "detail", "facts"}` with
the code of an error of `shared.errors`.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Header: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[], object]
"""Raises once nobody waits for the answer any more."""

MAX_HEADER_BYTES = 64 * 1024
MAX_LAYER_BYTES = 16 * 1024 * 1024
"""A page of a newspaper has 0.5 MB."""
_LOOK_S = 0.25
"""How often somebody who waits looks whether the answer is still wanted."""
OUT_OF_MEMORY_EXIT = 77
"""The exit status of a child that hit its memory limit: it has no memory left to say so."""

_LENGTH = struct.Struct(">I")
_TURN = b"\n"


def wanted() -> None:
    """Raises nothing: the answer is wanted in any case."""


def send(connection: socket.socket, header: Header) -> None:
    """Send a header; the bytes that it promises follow with `sendall`."""
    connection.sendall(_packed(header))


def send_page(
    connection: socket.socket,
    header: Header,
    chunks: Iterable[bytes | memoryview],
    window: memoryview | None,
) -> None:
    """Send the header of a page and its pixels, which come in chunks of any size."""
    if window is None:
        send(connection, header)
        for chunk in chunks:
            connection.sendall(chunk)
        return
    unsent, num_filled = _packed(header), 0
    for chunk in chunks:
        left = memoryview(chunk)
        while left:
            if num_filled == len(window):
                connection.sendall(unsent + _TURN)
                await_turn(connection)
                unsent, num_filled = b"", 0
            part = left[: len(window) - num_filled]
            window[num_filled : num_filled + len(part)] = part
            num_filled += len(part)
            left = left[len(part) :]
    connection.sendall(unsent + _TURN)


def give_turn(connection: socket.socket) -> None:
    """Leave the window to the other side."""
    connection.sendall(_TURN)


def await_turn(
    connection: socket.socket, deadline_s: float | None = None, check: Check = wanted
) -> None:
    """Wait until the other side leaves the window to this one; raises as `receive` does."""
    receive_into(connection, memoryview(bytearray(len(_TURN))), deadline_s, check)


def _packed(header: Header) -> bytes:
    encoded = json.dumps(header).encode()
    return _LENGTH.pack(len(encoded)) + encoded


def receive(
    connection: socket.socket, deadline_s: float | None = None, check: Check = wanted
) -> Header:
    """Receive a header; raises EOFError when the other side is gone, ValueError on nonsense.

    `deadline_s` is a time of `time.monotonic`; TimeoutError is raised when it passes. Raises what
    `check` raises.
    """
    prefix = bytearray(_LENGTH.size)
    receive_into(connection, memoryview(prefix), deadline_s, check)
    (length,) = _LENGTH.unpack(prefix)
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"a header of {length} bytes")
    encoded = bytearray(length)
    receive_into(connection, memoryview(encoded), deadline_s, check)
    header = json.loads(encoded)
    if not isinstance(header, dict):
        raise ValueError("a header that is no object")
    return header


def receive_into(
    connection: socket.socket, view: memoryview, deadline_s: float | None, check: Check = wanted
) -> None:
    """Fill a flat view of bytes from the socket; raises as `receive` does."""
    while view:
        if deadline_s is not None:
            check()
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                raise TimeoutError
            if connection.gettimeout() != (timeout_s := min(remaining_s, _LOOK_S)):
                connection.settimeout(timeout_s)  # a call of the system each time
        try:
            received = connection.recv_into(view)
        except TimeoutError:
            continue
        if not received:
            raise EOFError
        view = view[received:]
