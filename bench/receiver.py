"""A receiver of webhooks on this machine, which answers, fails or hangs as it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

_HANG_S = 3600
_DRIP_S = 0.05


@dataclass(frozen=True)
class Received:
    """A request as it came in; the names of its headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to do with a request: answer it, or not."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0
    fault: Literal["none", "reset", "hang", "drip", "garbage"] = "none"


React = Callable[[Received], Reply]


class Receiver:
    """A server in a thread. `received` is everything that came in, in its order."""

    def __init__(self, react: React = lambda request: Reply()) -> None:
        self.react = react
        self.received: list[Received] = []
        self.most_at_once = 0
        self.port = 0
        self._at_once = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                request = await _read(reader)
                self.received.append(request)
                await _answer(writer, self.react(request))
        finally:
            self._at_once -= 1
            writer.transport.abort() if writer.transport.is_closing() else writer.close()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(head[0].split(" ")[1], headers, body)


async def _answer(writer: asyncio.StreamWriter, reply: Reply) -> None:
    await asyncio.sleep(_HANG_S if reply.fault == "hang" else reply.delay_s)
    if reply.fault == "reset":
        writer.transport.abort()
        return
    if reply.fault == "garbage":
        writer.write(b"\x00\xff not HTTP\r\n\r\n")
        return
    head = [f"HTTP/1.1 {reply.status} X", "Content-Length: 2", "Connection: close"]
    head += [f"{name}: {value}" for name, value in reply.headers.items()]
    data = ("\r\n".join(head) + "\r\n\r\nok").encode()
    if reply.fault == "drip":
        for at in range(len(data)):
            writer.write(data[at : at + 1])
            await writer.drain()
            await asyncio.sleep(_DRIP_S)
    writer.write(data)
    await writer.drain()


@contextmanager
def receiving(react: React = lambda request: Reply()) -> Iterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(react)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
