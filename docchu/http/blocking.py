"""Takes the client's steps one after the other, in the thread that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx

from docchu.http.retries import Sleep
from docchu.http.steps import Call, Given, Items, Opening, Pause, Step, Steps, told
from docchu.http.wire import Wire

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")


class Transport:
    """The connections to one service. Pauses go through `sleep`. Usable by several threads."""

    def __init__(self, wire: Wire, sleep: Sleep) -> None:
        self._wire = wire
        self._sleep = sleep
        self._http = wire.connections(httpx.Client)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def run(self, steps: Steps[T]) -> T:
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
                    came, advance = self._do(step, answers), steps.send
                except BaseException as error:  # an interrupt, too: what is open is to be closed
                    came, advance = error, steps.throw
        finally:
            answers.close()

    def iterate(self, items: Items[T]) -> Iterator[T]:
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
                    came = self._do(step, answers)
                except BaseException as error:
                    came, advance = error, items.throw
        finally:
            items.close()
            answers.close()

    def _do(self, step: Step, answers: _Answers) -> Any:
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        with self._wire.telling():
            if isinstance(step, Call):
                answer = self._open(step)
                try:
                    answer.read()
                finally:
                    answer.close()
                return answer
            if isinstance(step, Opening):
                answers.close()
                return answers.take(self._open(step.call))
            return next(answers.pieces, b"")

    def _open(self, call: Call) -> httpx.Response:
        request = self._http.build_request(**self._wire.arguments(call))
        answer = self._http.send(request, stream=True)
        self._wire.answered = True
        if answer.is_success:
            return answer
        try:
            answer.read()
        finally:
            answer.close()
        raise self._wire.refusal(answer)


class _Answers:
    """The answer that is being read in pieces, if any."""

    def __init__(self) -> None:
        self.pieces: Iterator[bytes] = iter(())
        self._open: httpx.Response | None = None

    def take(self, answer: httpx.Response) -> httpx.Response:
        self._open, self.pieces = answer, answer.iter_bytes()
        return answer

    def close(self) -> None:
        if self._open:
            self._open.close()


class Taker(Generic[S]):
    """An object whose methods are steps, which it takes."""

    def __init__(self, steps: S, transport: Transport) -> None:
        self._steps = steps
        self._transport = transport


def method(steps: Callable[Concatenate[S, P], Steps[T]]) -> Callable[Concatenate[Taker[S], P], T]:
    """A method that takes these steps."""

    def take(taker: Taker[S], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return taker._transport.run(steps(taker._steps, *args, **kwargs))

    told(take, steps, "Iterator")
    return take


def iteration(
    items: Callable[Concatenate[S, P], Items[T]],
) -> Callable[Concatenate[Taker[S], P], Iterator[T]]:
    """A method that takes these steps as its values are asked for."""

    def take(taker: Taker[S], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return taker._transport.iterate(items(taker._steps, *args, **kwargs))

    told(take, items, "Iterator")
    return take
