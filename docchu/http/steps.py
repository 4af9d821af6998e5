"""What a method of the client does, step by step, whoever takes the steps: threads or asyncio.

A method is a generator: it yields what is to be done, is sent what came of it (or thrown what went
wrong), and returns its value. So there is one client; `Docchu` and `AsyncDocchu` take its steps.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from docchu.http.upload import Upload

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One request; its answer comes whole. Most of Docchu's requests may be sent twice: those that
    are not so by nature carry an Idempotency-Key. The service may take `wait_s` longer than usual.

    `uploads` are the form's files; `content` is sent as the body itself, as `headers` tell it."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    uploads: Sequence[Upload] = ()
    content: Upload | None = None
    wait_s: float = 0


@dataclass(frozen=True)
class Opening:
    """One request whose answer is read in pieces; the one that was open before is closed."""

    call: Call


@dataclass(frozen=True)
class Piece:
    """The next bytes of the answer that is open; none at its end."""


@dataclass(frozen=True)
class Pause:
    """Nothing, for some seconds."""

    seconds: float


@dataclass(frozen=True)
class Given(Generic[T]):
    """One of the values that an iteration gives."""

    value: T


Step = Call | Opening | Piece | Pause
Steps = Generator[Step, Any, T]
Items = Generator[Step | Given[T], Any, None]


def told(take: Callable[..., Any], steps: Callable[..., Any], iterator: str) -> None:
    """Let what takes the steps be known by their name, words and signature."""
    given = inspect.signature(steps)
    returns = str(given.return_annotation).removeprefix("Steps[").removesuffix("]")
    if returns.startswith("Items["):
        returns = f"{iterator}[{returns.removeprefix('Items[')}]"
    take.__name__, take.__doc__ = steps.__name__, steps.__doc__
    take.__signature__ = given.replace(return_annotation=returns)  # type: ignore[attr-defined]
