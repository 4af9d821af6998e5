"""The results of a batch as one stream that survives broken connections: no item lost or twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx

from docchu.batch import Batch, Item
from docchu.errors import ConnectionLost, DocchuError, UnexpectedAnswer
from docchu.http.retries import Tries
from docchu.http.steps import Call, Given, Items, Opening, Piece, Steps
from docchu.http.wire import UNREADABLE, Wire

_LIVED_S = 5
Ask = Callable[[], Steps[Batch]]
"""Asks how the batch stands."""


def follow(wire: Wire, call: Call, after: int, ask: Ask) -> Items[Item]:
    """Give the items behind position `after` as they end, until the batch has ended.

    After a broken connection it goes on behind the last whole line; the service's patience counts
    from there. Raises DocchuError.
    """
    tries, done = Tries(), False
    while not done:
        done = (yield from ask()).finished  # if so, what is sent from here on is all
        came, began = False, time.monotonic()
        try:
            answer, lines = (yield Opening(_behind(call, after))), _Lines()
            while piece := (yield Piece()):
                for line in lines.whole(piece):
                    item = _item(answer, line)
                    after, came, tries = item.position, True, Tries()
                    yield Given(item)
            # The service holds no stream for ever; one that ends at once is another matter.
            lived = came or time.monotonic() - began > _LIVED_S
            if not (done or lived or (yield from ask()).finished):
                raise ConnectionLost("The service ended the stream of results before its end.")
        except DocchuError as error:
            done = False
            yield from wire.pause(tries, error)


def items(call: Call, after: int) -> Items[Item]:
    """Give the items of one answer. Raises DocchuError."""
    answer, lines = (yield Opening(_behind(call, after))), _Lines()
    while piece := (yield Piece()):
        for line in lines.whole(piece):
            yield Given(_item(answer, line))


def _behind(call: Call, after: int) -> Call:
    return replace(call, params={**call.params, "after": str(after)})


class _Lines:
    """Lines by their line feed and nothing else, for a text may hold other separators; what stands
    behind the last one was cut off. Empty lines only keep the connection alive."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def whole(self, piece: bytes) -> Iterator[bytes]:
        """The lines that end in this piece."""
        *ended, tail = piece.split(b"\n")
        for line in ended:
            self._rest.append(line)
            if joined := b"".join(self._rest).strip():
                yield joined
            self._rest.clear()
        self._rest.append(tail)


def _item(answer: httpx.Response, line: bytes) -> Item:
    try:
        return Item.from_json(json.loads(line))
    except UNREADABLE as error:
        raise UnexpectedAnswer(status=answer.status_code) from error
