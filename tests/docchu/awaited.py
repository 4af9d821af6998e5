"""`AsyncDocchu` with the methods of `Docchu`: so that the same stories are told of both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, cast

from docchu import AsyncDocchu, Docchu

KINDS = ("Docchu", "AsyncDocchu")


class Awaited:
    """Each method runs in an event loop of this thread until it has answered."""

    def __init__(self, awaited: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._awaited = awaited
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._awaited, name)
        if not callable(found):
            return Awaited(found, self._loop)

        def call(*args: Any, **kwargs: Any) -> Any:
            came = found(*args, **kwargs)
            if inspect.iscoroutine(came):
                return self._loop.run_until_complete(came)
            return self._each(came)

        return call

    def _each(self, values: AsyncIterator[Any]) -> Iterator[Any]:
        try:
            while True:
                try:
                    yield self._loop.run_until_complete(anext(values))
                except StopAsyncIteration:
                    return
        finally:
            self._loop.run_until_complete(cast(Any, values).aclose())


@contextmanager
def client_of(kind: str, url: str, pauses: list[float] | None = None) -> Iterator[Docchu]:
    """A client of a service, of this kind, that notes its pauses instead of making them."""
    if kind == "Docchu":
        told = {} if pauses is None else {"sleep": pauses.append}
        with Docchu(url, **told) as client:
            yield client
        return

    async def note(seconds: float) -> None:
        await asyncio.sleep(seconds) if pauses is None else pauses.append(seconds)

    with asyncio.Runner() as runner:
        docchu = AsyncDocchu(url, sleep=note)
        yield cast(Docchu, Awaited(docchu, runner.get_loop()))
        runner.run(docchu.close())
