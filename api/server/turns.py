"""Whose turn it is in a process that does one thing at a time: who needs long lets others first."""

from __future__ import annotations

import time
from collections import deque

import gevent
from gevent.event import Event

_TURN_S = 0.005
"""Of work in one go. A request that needs less never waits for its turn."""
SOON, IDLE = 2, 0
"""Priorities of libev: once it has looked what else there is to do, or when there is nothing."""


class Turns:
    """Lets those who have much to do go on one at a time, and all others in between."""

    def __init__(self, priority: int = SOON) -> None:
        self._priority = priority
        self._waiting: deque[Event] = deque()

    def give_way(self) -> None:
        """Let everybody else go first who is ready now."""
        mine = Event()
        self._waiting.append(mine)
        try:
            if self._waiting[0] is not mine:
                mine.wait()
            gevent.idle(self._priority)
        finally:
            self._waiting.remove(mine)
            if self._waiting:
                self._waiting[0].set()


class Turn:
    """One who works piece by piece. What it waited is counted in: too many turns do no harm."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._began = time.perf_counter()

    def go_on(self) -> None:
        """Before the next piece: wait for the next turn if this one was used up."""
        if self._is_over():
            self._turns.give_way()
            self._began = time.perf_counter()

    def breathe(self) -> None:
        """The same for who is not to wait for its turn: let others go first once."""
        if self._is_over():
            gevent.idle(SOON)
            self._began = time.perf_counter()

    def _is_over(self) -> bool:
        return time.perf_counter() - self._began > _TURN_S
