"""Which slices a worker may still take, by those that it reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.store.jobs.slices import Claim, Room


class Slots:
    """So many slices are read at once.

    Of several slots the last is for interactive work, of a tenant of which none is being read: no
    interactive page waits for a bulk slice to end, and nobody's slow pages take all slots.
    """

    def __init__(self, num_slots: int) -> None:
        self._num_slots = num_slots
        self._claims: list[Claim] = []
        self._claiming = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def claiming(self) -> Iterator[Room]:
        """What may be claimed now; one after the other, since each claim changes that."""
        with self._claiming:
            yield self._room()

    def enter(self, claim: Claim) -> None:
        """Note that a slice is being read."""
        with self._changed:
            self._claims.append(claim)

    def leave(self, claim: Claim) -> None:
        """Note that it is read no more."""
        with self._changed:
            self._claims.remove(claim)
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> None:
        """Wait until one is read no more, or so long."""
        with self._changed:
            self._changed.wait(timeout_s)

    @property
    def num_taken(self) -> int:
        """The slices that are being read."""
        with self._changed:
            return len(self._claims)

    def _room(self) -> Room:
        with self._changed:
            num_kept = min(1, self._num_slots - 1)
            if len(self._claims) < self._num_slots - num_kept:
                return Room()
            tenants = {claim.tenant for claim in self._claims if not claim.is_bulk}
            return Room(bulk=False, not_of=tuple(tenants))
