"""The results of a batch as one stream that survives broken connections: no item lost or twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator

import httpx

from docchu.batch import Batch, Item
from docchu.errors import ConnectionLost, DocchuError, UnexpectedAnswer
from docchu.http.retries import Sleep, Tries
from docchu.http.transport import UNREADABLE, Call, Transport

_LIVED_S = 5
Ask = Callable[[], Batch]
"""Asks how the batch stands."""


def follow(transport: Transport, call: Call, after: int, ask: Ask, sleep: Sleep) -> Iterator[Item]:
    """Give the items behind position `after` as they end, until the batch has ended.

    After a broken connection it goes on behind the last whole line; the service's patience counts
    from there. Raises DocchuError.
    """
    tries = Tries(sleep)
    done = False
    while not done:
        done = ask().finished  # if so, what is sent from here on is all
        came, began = False, time.monotonic()
        try:
            for item in items(transport, call, after):
                after, came, tries = item.position, True, Tries(sleep)
                yield item
            # The service holds no stream for ever; one that ends at once is another matter.
            if not (done or came or time.monotonic() - began > _LIVED_S or ask().finished):
                raise ConnectionLost("The service ended the stream of results before its end.")
        except DocchuError as error:
            done = False
            if not transport.pause(tries, error):
                raise


def items(transport: Transport, call: Call, after: int) -> Iterator[Item]:
    """Give the items of one answer. Raises DocchuError."""
    params = {**call.params, "after": str(after)}
    asked = Call(call.method, call.path, params=params, headers=call.headers, wait_s=call.wait_s)
    with transport.open(asked) as answer:
        for line in _whole_lines(answer.iter_bytes()):
            yield _item(answer, line)


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines by their line feed and nothing else, for a text may hold other separators; what stands
    behind the last one was cut off. Empty lines only keep the connection alive."""
    rest: list[bytes] = []
    for piece in pieces:
        *whole, tail = piece.split(b"\n")
        for line in whole:
            rest.append(line)
            if joined := b"".join(rest).strip():
                yield joined
            rest.clear()
        rest.append(tail)


def _item(answer: httpx.Response, line: bytes) -> Item:
    try:
        return Item.from_json(json.loads(line))
    except UNREADABLE as error:
        raise UnexpectedAnswer(status=answer.status_code) from error
