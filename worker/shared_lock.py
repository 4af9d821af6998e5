"""Who may read beside whom: a slice that ended a worker before is read with nothing beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


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
    def enter(self, *, alone: bool) -> Iterator[None]:
        """Wait until there is room, and leave at the end."""
        self._come_in(alone)
        try:
            yield
        finally:
            with self._changed:
                if alone:
                    self._alone = False
                else:
                    self._together -= 1
                self._changed.notify_all()

    @property
    def num_inside(self) -> int:
        """How many are inside or want to be there."""
        with self._changed:
            return self._together + self._alone + self._waiting_alone

    def _come_in(self, alone: bool) -> None:
        with self._changed:
            if not alone:
                # Those who want to be alone come first, or a busy worker would never let them in.
                self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
                self._together += 1
                return
            self._waiting_alone += 1
            self._changed.wait_for(lambda: not self._alone and not self._together)
            self._waiting_alone -= 1
            self._alone = True
