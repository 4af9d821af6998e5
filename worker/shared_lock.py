"""Who may read beside whom: a slice that ended a worker before is read with nothing beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Place:
    """A place inside; `alone` says that nobody is beside it, and nobody comes in."""

    def __init__(self, lock: SharedLock, alone: bool) -> None:
        self._lock = lock
        self.alone = alone

    def share(self) -> None:
        """Let others in."""
        self._lock._share(self)


class SharedLock:
    """Lets many in together, or one alone.

    Without it a page that kills its worker would count as a crash for every slice that was being
    read at the time, and three such accidents would condemn innocent pages.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False
        self._waiting_alone = 0

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[Place]:
        """Wait until there is room, and leave at the end.

        Whoever finds nobody inside is alone, too, until he shares.
        """
        place = Place(self, self._come_in(alone))
        try:
            yield place
        finally:
            with self._changed:
                if place.alone:
                    self._alone = False
                else:
                    self._together -= 1
                self._changed.notify_all()

    @property
    def num_inside(self) -> int:
        """How many are inside or want to be there."""
        with self._changed:
            return self._together + self._alone + self._waiting_alone

    def _come_in(self, alone: bool) -> bool:
        with self._changed:
            if alone:
                self._waiting_alone += 1
                self._changed.wait_for(lambda: not self._alone and not self._together)
                self._waiting_alone -= 1
            else:
                # Those who want to be alone come first, or a busy worker would never let them in.
                self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
                if self._together:
                    self._together += 1
                    return False
            self._alone = True
            return True

    def _share(self, place: Place) -> None:
        with self._changed:
            if place.alone:
                place.alone, self._alone = False, False
                self._together += 1
                self._changed.notify_all()
