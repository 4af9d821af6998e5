"""Stands between the service and its store, and can lose answers: the command was carried out."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from pathlib import Path


class Proxy:
    """Forwards connections of one socket file, or port, to another, from a thread of its own.

    `loss` is the share of answers that are lost, each with its connection.
    """

    def __init__(self, listen: Path | int, target: Path | int) -> None:
        self.loss = 0.0
        self.num_lost = 0
        self._target = target
        self._random = random.Random(0)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=[self._run(listen)]
        )
        self._thread.start()

    def close(self) -> None:
        """Cut all connections and end."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _run(self, listen: Path | int) -> None:
        if isinstance(listen, int):
            server = await asyncio.start_server(self._serve, "127.0.0.1", listen)
        else:
            server = await asyncio.start_unix_server(self._serve, listen)
        await self._ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            answers, commands = await self._reach()
            writers.append(commands)
            pumps = [
                asyncio.ensure_future(self._pump(reader, commands, losing=False)),
                asyncio.ensure_future(self._pump(answers, writer, losing=True)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:  # the store is away
            pass
        finally:
            for one in writers:
                one.close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await one.wait_closed()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, int):
            return await asyncio.open_connection("127.0.0.1", self._target)
        return await asyncio.open_unix_connection(self._target)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if losing and self._random.random() < self.loss:
                    self.num_lost += 1
                    return
                writer.write(data)
                await writer.drain()
