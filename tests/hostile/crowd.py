"""A crowd that keeps an API busy with nothing: `python -m tests.hostile.crowd`, in its own process.

Reads its order from standard input as one line of JSON: `port`, `key` (or null), `jobs` that do not
end, and how many there shall be of each kind in the `crowd`. Once a second it says, as a line of
JSON, how many of each kind are connected and what they got. It goes on until standard input ends;
who is cut off comes back at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

_AT_ONCE = 200  # connections that are being made
_BACK_S = 0.05
_DEAF_S = 40.0  # who never reads does not see that it was cut off, so it comes back by the clock
_CONNECT_S = 30.0
_NUM_PIPELINED = 100
_BEGINNING = b"\x89PNG\r\n\x1a\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Crowd:
    """All kinds of callers of one API."""

    def __init__(self, port: int, key: str | None, jobs: list[str]) -> None:
        self._port = port
        self._key = key
        self._jobs = jobs
        self._making = asyncio.Semaphore(_AT_ONCE)
        self.connected: Counter[str] = Counter()
        self.got: Counter[str] = Counter()

    async def idle(self, _: int, streams: Streams) -> None:
        """Say nothing."""
        await streams[0].read()

    async def half_head(self, _: int, streams: Streams) -> None:
        """Begin a request and never get to its end."""
        streams[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Half: ")
        await streams[0].read()

    async def stalled_body(self, _: int, streams: Streams) -> None:
        """Announce a document, send its beginning, and stop."""
        streams[1].write(
            self._head("POST /v1/jobs", "Content-Length: 100000") + b"\x89PNG\r\n\x1a\n"
        )
        self._count(await streams[0].read())

    async def keyless_body(self, _: int, streams: Streams) -> None:
        """The same without a key that is valid."""
        head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer dk_no\r\n"
        streams[1].write(head + b"Content-Length: 100000\r\n\r\n" + _BEGINNING)
        self._count(await streams[0].read())

    async def deaf_reader(self, _: int, streams: Streams) -> None:
        """Ask for much and read nothing of it."""
        streams[1].write(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * _NUM_PIPELINED)
        await asyncio.sleep(_DEAF_S)

    async def long_poll(self, number: int, streams: Streams) -> None:
        """Wait for a job again and again."""
        job = self._jobs[number % len(self._jobs)]
        while True:
            streams[1].write(self._head(f"GET /v1/jobs/{job}?wait=60"))
            head = await streams[0].readuntil(b"\r\n\r\n")
            self._count(head)
            await streams[0].readexactly(_content_length(head))

    async def event_stream(self, number: int, streams: Streams) -> None:
        """Follow a job."""
        job = self._jobs[number % len(self._jobs)]
        streams[1].write(self._head(f"GET /v1/jobs/{job}/events"))
        self._count(await streams[0].readuntil(b"\r\n\r\n"))
        while await streams[0].read(1 << 16):
            pass

    async def come_back(self, kind: str, number: int) -> None:
        """Be one caller of this kind, for ever."""
        behave: Callable[[int, Streams], Awaitable[None]] = getattr(self, kind)
        while True:
            with suppress(OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
                async with self._making, asyncio.timeout(_CONNECT_S):
                    streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 16)
                self.connected[kind] += 1
                try:
                    await behave(number, streams)
                finally:
                    self.connected[kind] -= 1
                    streams[1].close()
            await asyncio.sleep(_BACK_S)

    def _head(self, line: str, *headers: str) -> bytes:
        key = [f"Authorization: Bearer {self._key}"] if self._key else []
        return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *key, *headers, "", ""]).encode()

    def _count(self, answer: bytes) -> None:
        if answer:
            self.got[answer[9:12].decode()] += 1


def _content_length(head: bytes) -> int:
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
    return int(lines[b"Content-Length"])


async def _main() -> None:
    order = json.loads(sys.stdin.readline())
    crowd = Crowd(order["port"], order["key"], order["jobs"])
    callers = [
        asyncio.create_task(crowd.come_back(kind, number))
        for kind, many in order["crowd"].items()
        for number in range(many)
    ]
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not over.done():
        print(json.dumps({"connected": crowd.connected, "got": crowd.got}), flush=True)
        await asyncio.wait([over], timeout=1)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main())
