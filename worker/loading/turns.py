"""Whose turn it is to have a page loaded, where more want one than there are processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

_BULK_COST = 9
"""A second of a bulk page counts as so many: its part is a tenth, as it is of the slices."""


class Flow(NamedTuple):
    """Those who take turns with the others: the interactive, or the bulk pages of a tenant."""

    tenant: str = ""
    is_bulk: bool = False


@dataclass(eq=False, slots=True)
class Turn:
    """One page that is to be loaded, or is being loaded since `began`."""

    flow: Flow
    began: float | None = None


@dataclass
class Turns:
    """Start-time fair queueing (Goyal, Vin, Cheng 1997) of flows, by the seconds that they take.

    Of `num_places` the bulk pages get at most `num_bulk`: where that is less, an interactive page
    never waits for one of them to end, and the last place goes only to a flow that has none, so
    that nobody's slow pages take them all.
    """

    num_places: int
    num_bulk: int
    clock: Callable[[], float] = time.monotonic
    _turns: list[Turn] = field(default_factory=list)  # in the order of their coming
    _taken: dict[Flow, float] = field(default_factory=dict)
    _virtual: float = 0

    def come(self, flow: Flow) -> Turn:
        """Stand in line."""
        if not any(turn.flow == flow for turn in self._turns):
            # A flow that was away starts level with the others: it has saved up no turns.
            self._taken[flow] = max(self._virtual, self._taken.get(flow, 0))
        turn = Turn(flow)
        self._turns.append(turn)
        return turn

    def is_next(self, turn: Turn) -> bool:
        """Whether it is the turn of this one now."""
        waiting = [one for one in self._turns if one.began is None and self._may_begin(one.flow)]
        # The first of those that have taken least.
        return min(waiting, key=lambda one: self._cost(one.flow), default=None) is turn

    def begin(self, turn: Turn) -> None:
        """Take a place."""
        self._virtual = max(self._virtual, self._cost(turn.flow))
        turn.began = self.clock()

    def end(self, turn: Turn) -> None:
        """Give the place back, or stand in line no more."""
        self._turns.remove(turn)
        if turn.began is not None:
            self._taken[turn.flow] += self._seconds(turn)
        present = {one.flow for one in self._turns}
        self._taken = {
            flow: taken
            for flow, taken in self._taken.items()
            if flow in present or taken > self._virtual
        }

    @property
    def num_begun(self) -> int:
        """The places that are taken."""
        return sum(turn.began is not None for turn in self._turns)

    def _may_begin(self, flow: Flow) -> bool:
        begun = [turn.flow for turn in self._turns if turn.began is not None]
        num_free = self.num_places - len(begun)
        if flow.is_bulk:
            return num_free > 0 and sum(one.is_bulk for one in begun) < self.num_bulk
        num_kept = 1 if self.num_bulk < self.num_places and flow in begun else 0
        return num_free > num_kept

    def _cost(self, flow: Flow) -> float:
        under_way = (t for t in self._turns if t.flow == flow and t.began is not None)
        return self._taken[flow] + sum(map(self._seconds, under_way))

    def _seconds(self, turn: Turn) -> float:
        assert turn.began is not None
        return (self.clock() - turn.began) * (_BULK_COST if turn.flow.is_bulk else 1)
