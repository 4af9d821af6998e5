"""The job store as one file: what it held at one moment (RDB), taken while it goes on."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from shared.errors import Unavailable
from shared.store.scripts import Client, store_faults

_PIECE = 1 << 20
_MOST_HEAD = 4096  # bytes in front of the file: empty lines while it is made, and its size
_AT_ONCE = 500  # keys
_PAUSE_S = 60.0  # the server sends an empty line each second while it makes the file


def take(client: Client, target: Path) -> int:
    """Write what the store holds now; the bytes. It is taken as a replica takes it (`SYNC`).

    Raises Unavailable, with the reason.
    """
    with store_faults():
        connection: Any = client.connection_pool.get_connection()
        try:
            connection.send_command("SYNC")
            stream: socket.socket = connection._sock  # redis-py has no reply that is a stream
            stream.settimeout(_PAUSE_S)
            return _receive(stream.recv, target)
        except OSError as error:
            raise Unavailable(f"The job store broke its copy off: {error}") from error
        finally:
            connection.disconnect()
            client.connection_pool.release(connection)


def _receive(receive: Callable[[int], bytes], target: Path) -> int:
    head = b""
    while b"\r\n" not in head:
        piece = receive(1)
        head = (head + piece).lstrip(b"\n")
        if not piece or len(head) > _MOST_HEAD:
            raise OSError("it ended before it began")
    told = head.decode(errors="replace").strip()
    if not told.startswith("$") or not told[1:].isdecimal():
        raise Unavailable(
            f"The job store gives no copy of itself ({told.lstrip('-')}): its user wants the right "
            "`+sync`, or it is another's, who has a backup of his own for it."
        )
    left = size = int(told[1:])
    with target.open("xb") as file:
        while left:
            data = receive(min(left, _PIECE))
            if not data:
                raise OSError(f"{left} of {size} bytes are missing")
            file.write(data)
            left -= len(data)
        file.flush()
        os.fsync(file.fileno())
    return size


def copy(source: Client, target: Client) -> int:
    """Copy all keys from one server to another, whatever versions they have; how many.

    All that Docchu and its Celery write is text. Raises Unavailable.
    """
    num = 0
    with store_faults():
        names = source.scan_iter(count=_AT_ONCE)
        while some := list(islice(names, _AT_ONCE)):
            with source.pipeline(transaction=False) as asked:
                for name in some:
                    asked.type(name)
                    asked.pexpiretime(name)
                facts = asked.execute()
            with target.pipeline(transaction=False) as pipe:
                for name, kind, until in zip(some, facts[::2], facts[1::2], strict=True):
                    _copy(source, pipe, name, kind)
                    if until > 0:
                        pipe.pexpireat(name, until)
                pipe.execute()
            num += len(some)
    return num


def _copy(source: Client, pipe: Client, name: str, kind: str) -> None:
    if kind == "string":
        pipe.set(name, source.get(name))
    elif kind == "hash":
        for some in _pieces(source.hscan_iter(name, count=_AT_ONCE)):
            pipe.hset(name, mapping=dict(some))
    elif kind == "set":
        for some in _pieces(source.sscan_iter(name, count=_AT_ONCE)):
            pipe.sadd(name, *some)
    elif kind == "zset":
        for some in _pieces(source.zscan_iter(name, count=_AT_ONCE)):
            pipe.zadd(name, dict(some))
    elif kind == "list":
        for some in _pieces(iter(source.lrange(name, 0, -1))):
            pipe.rpush(name, *some)
    elif kind == "stream":
        for entry, fields in source.xrange(name):
            pipe.xadd(name, fields, id=entry)


def _pieces(found: Iterator[Any]) -> Iterator[list[Any]]:
    while some := list(islice(found, _AT_ONCE)):
        yield some
