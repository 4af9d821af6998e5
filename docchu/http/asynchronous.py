"""Takes the client's steps in an event loop, others' work between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import IO, Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx

from docchu.http.steps import Call, Given, Items, Opening, Pause, Step, Steps, told
from docchu.http.upload import LazyFile
from docchu.http.wire import Wire

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")
Sleep = Callable[[float], Awaitable[object]]

_PIECE_BYTES = 1 << 16


class AsyncTransport:
    """The connections to one service, of one event loop. Pauses go through `sleep`."""

    def __init__(self, wire: Wire, sleep: Sleep = asyncio.sleep) -> None:
        self._wire = wire
        self._sleep = sleep
        self._http = wire.connections(httpx.AsyncClient)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def run(self, steps: Steps[T]) -> T:
        """Take all steps and give what they come to. Raises DocchuError."""
        answers = _Answers()
        came: Any = None
        advance: Callable[[Any], Step] = steps.send
        try:
            while True:
                try:
                    step = advance(came)
                except StopIteration as end:
                    value: T = end.value
                    return value
                try:
                    came, advance = await self._do(step, answers), steps.send
                except BaseException as error:  # a cancelled task, too: what is open is closed
                    came, advance = error, steps.throw
        finally:
            await answers.close()

    async def iterate(self, items: Items[T]) -> AsyncIterator[T]:
        """Take the steps and give their values as they come. Raises DocchuError."""
        answers = _Answers()
        came: Any = None
        advance: Callable[[Any], Step | Given[T]] = items.send
        try:
            while True:
                try:
                    step = advance(came)
                except StopIteration:
                    return
                came, advance = None, items.send
                if isinstance(step, Given):
                    yield step.value
                    continue
                try:
                    came = await self._do(step, answers)
                except BaseException as error:
                    came, advance = error, items.throw
        finally:
            items.close()
            await answers.close()

    async def _do(self, step: Step, answers: _Answers) -> Any:
        if isinstance(step, Pause):
            return await self._sleep(step.seconds)
        with self._wire.telling():
            if isinstance(step, Call):
                answer = await self._open(step)
                try:
                    await answer.aread()
                finally:
                    await answer.aclose()
                return answer
            if isinstance(step, Opening):
                await answers.close()
                return answers.take(await self._open(step.call))
            return await answers.piece()

    async def _open(self, call: Call) -> httpx.Response:
        arguments = self._wire.arguments(call)
        if call.content:
            # httpx streams a file in an event loop only where it is part of a form.
            length = call.content.stream.seek(0, 2)
            call.content.stream.seek(0)
            arguments["headers"] = {**call.headers, "Content-Length": str(length)}
            arguments["content"] = _pieces(call.content.stream)
        answer = await self._http.send(self._http.build_request(**arguments), stream=True)
        self._wire.answered = True
        if answer.is_success:
            return answer
        try:
            await answer.aread()
        finally:
            await answer.aclose()
        raise self._wire.refusal(answer)


class _Answers:
    """The answer that is being read in pieces, if any."""

    def __init__(self) -> None:
        self._pieces: AsyncIterator[bytes] | None = None
        self._open: httpx.Response | None = None

    def take(self, answer: httpx.Response) -> httpx.Response:
        self._open, self._pieces = answer, answer.aiter_bytes()
        return answer

    async def piece(self) -> bytes:
        return await anext(self._pieces, b"") if self._pieces else b""

    async def close(self) -> None:
        if self._open:
            await self._open.aclose()


async def _pieces(stream: IO[bytes] | LazyFile) -> AsyncIterator[bytes]:
    while piece := stream.read(_PIECE_BYTES):
        yield piece


class AsyncTaker(Generic[S]):
    """An object whose methods are steps, which it takes in an event loop."""

    def __init__(self, steps: S, transport: AsyncTransport) -> None:
        self._steps = steps
        self._transport = transport


def method(
    steps: Callable[Concatenate[S, P], Steps[T]],
) -> Callable[Concatenate[AsyncTaker[S], P], Coroutine[Any, Any, T]]:
    """A method that takes these steps."""

    async def take(taker: AsyncTaker[S], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await taker._transport.run(steps(taker._steps, *args, **kwargs))

    told(take, steps, "AsyncIterator")
    return take


def iteration(
    items: Callable[Concatenate[S, P], Items[T]],
) -> Callable[Concatenate[AsyncTaker[S], P], AsyncIterator[T]]:
    """A method that takes these steps as its values are asked for."""

    def take(taker: AsyncTaker[S], /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return taker._transport.iterate(items(taker._steps, *args, **kwargs))

    told(take, items, "AsyncIterator")
    return take
