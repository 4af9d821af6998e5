"""A bad line between a client and a service: connections break at any byte, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading


class FlakyLine:
    """Forwards connections to a port of this machine, from a thread of its own.

    `loss` is the share of pieces at which the connection breaks, after half of the piece.
    """

    def __init__(self, target_port: int, loss: float) -> None:
        self.loss = loss
        self.num_breaks = 0
        self.port = 0
        self._target_port = target_port
        self._random = random.Random(0)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])
        self._thread.start()
        self._listens.wait()

    def close(self) -> None:
        """Break all connections and end."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            answers, requests = await asyncio.open_connection("127.0.0.1", self._target_port)
            writers.append(requests)
            pumps = [
                asyncio.ensure_future(self._pump(reader, requests)),
                asyncio.ensure_future(self._pump(answers, writer)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for one in writers:
                one.close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await one.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(2048):
                if self._random.random() < self.loss:
                    self.num_breaks += 1
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()
