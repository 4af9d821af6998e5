"""What an upload is made of: documents, each with its own name, to be taken one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.errors import DocchuError
from shared.incoming.sinks import Sink
from shared.options import Options


@dataclass(frozen=True)
class Described:
    """What became known of a document as it was taken: what it is called and what is wanted.

    `problem` says why it was not taken, or not wholly; `options` and `metadata` are what its caller
    gave beside it. `url` is where the document is, if it is to be fetched.
    """

    custom_id: str
    name: str | None = None
    options: Options = field(default_factory=Options)
    metadata: dict[str, Any] = field(default_factory=dict)
    problem: DocchuError | None = None
    url: str | None = None


class Item(Protocol):
    """A document in an upload. `number` counts the upload's entries, or lines, from 1."""

    @property
    def number(self) -> int: ...

    @property
    def custom_id(self) -> str | None:
        """Its own name, if that is known before it is taken."""

    def take(self, sink: Sink) -> Described:
        """Hand its bytes to the sink, if they are here. Raises ServiceError alone."""


class Source(Protocol):
    """An upload that is open for reading."""

    def items(self, after: int) -> Iterator[Item]:
        """The documents in their order, without the first `after` entries.

        Raises ArchiveUnreadable, TooManyDocuments.
        """

    def close(self) -> None: ...
