"""A consumer with as many messages as threads is told when one ends; another is left alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from celery.worker import state
from kombu.message import Message

from shared.broker import message_template
from worker import app as program

Told = list[Callable[[], object]]


@pytest.fixture
def told() -> Iterator[Told]:
    """What a consumer with two threads is told."""
    told: list[Callable[[], object]] = []
    consumer = SimpleNamespace(pool=SimpleNamespace(num_processes=2), call_soon=told.append)
    program._consumers.append(consumer)
    yield told
    program._consumers.remove(consumer)
    program._waiting.clear()
    state.reset_state()


def received() -> program.SliceRequest:
    """A message as the consumer takes it."""
    sent = json.loads(message_template())
    message = Message(
        body=base64.b64decode(sent["body"]),
        content_type=sent["content-type"],
        content_encoding=sent["content-encoding"],
        headers=sent["headers"],
        properties=sent["properties"],
        delivery_info=sent["properties"]["delivery_info"],
    )
    request = program.SliceRequest(message, app=program.app, task=program.read)
    state.task_reserved(request)
    return request


def ended(request: program.SliceRequest) -> None:
    """As Celery ends a request: it is counted no more, then acknowledged."""
    state.task_ready(request)
    request.acknowledge()


def test_a_consumer_that_has_room_is_not_woken(told: Told) -> None:
    ended(received())
    assert told == []


def test_one_that_was_full_is_woken_by_each_that_ends_until_it_has_looked(told: Told) -> None:
    first, second = received(), received()
    # Both are counted no more before either is acknowledged.
    state.task_ready(first)
    state.task_ready(second)
    first.acknowledge()
    assert len(told) == 1
    told[0]()
    second.acknowledge()
    assert len(told) == 1, "it has seen that there is room"


def test_one_that_is_full_again_when_it_looks_is_woken_by_the_next(told: Told) -> None:
    waiting = received()
    ended(received())
    last = received()  # before the consumer comes to look
    told[0]()
    ended(last)
    assert len(told) == 2
    ended(waiting)


def test_each_time_that_it_is_full_it_is_woken(told: Told) -> None:
    waiting = received()
    for num_times in (1, 2, 3):
        ended(received())
        assert len(told) == num_times
        told[-1]()
    ended(waiting)
    assert len(told) == 3
