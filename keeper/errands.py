"""Runs errands to other hosts in threads, with places that are shared by flow, host and route.

More places for a route (a flow at a host) while it answers, fewer while it does not, as TCP's
window grows and halves (RFC 5681). And whoever shares something has at most as much as he leaves
free, as in a switch's memory (Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998): with one
greedy flow half is free for the next one, with three of them a quarter.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog

from shared.errors import Unavailable
from shared.log import tell_away
from shared.store.errands.queues import Route

_log = structlog.get_logger()
_FIRST = 4  # places of a route that nothing is known of
_MAX_KNOWN = 10_000  # routes that are remembered
_IDLE_S = 0.1  # between two looks for work, where nobody wakes us
_GATHER_S = 0.005  # errands that end within this time are followed up in one look
_MAX_FLOWS = 1000  # in one look


class Errand(Protocol):
    """Something that was leased, to be done at its host."""

    @property
    def id(self) -> str: ...
    @property
    def route(self) -> Route: ...


E = TypeVar("E", bound=Errand)
E_co = TypeVar("E_co", bound=Errand, covariant=True)
Submit = Callable[[Callable[[E, float], None], E, float], object]


class Queue(Protocol[E_co]):
    """Where errands of one kind wait."""

    def flows(self, limit: int) -> list[str]: ...
    def hosts(self, flow: str, limit: int) -> list[str]: ...
    def take(self, flow: str, host: str, limit: int) -> Sequence[E_co]: ...


class Places:
    """`total` places in all, and `most` for one host. Used by many threads."""

    def __init__(self, total: int, most: int) -> None:
        self.total = total
        self._most = most
        self._allowed: dict[tuple[str, str], int] = {}
        self._busy: Counter[tuple[str, str]] = Counter()  # of all, of a flow, a host and a route
        self._lock = threading.Lock()

    @property
    def busy(self) -> int:
        """Errands that are under way."""
        return self._busy["", ""]

    def room(self, flow: str, host: str = "") -> int:
        """Errands that may begin for this flow now, at any host or at this one."""
        with self._lock:
            room = _half(self.total - self._busy["", ""], self._busy[flow, ""])
            if host:
                own = self._busy[flow, host]
                at_host = _half(self._most - self._busy["", host], own)
                room = min(room, at_host, self._known(flow, host) - own)
            return max(0, room)

    def enter(self, flow: str, host: str, number: int) -> None:
        """Errands begin."""
        with self._lock:
            self._count(flow, host, number)

    def leave(self, flow: str, host: str, answered: bool | None) -> None:
        """An errand ended: the host answered, or did not; None: it was not asked."""
        with self._lock:
            self._count(flow, host, -1)
            if answered is not None:
                known = self._known(flow, host)
                allowed = known + 1 if answered else known // 2
                self._allowed[flow, host] = max(1, min(self._most, allowed))
            if len(self._allowed) > _MAX_KNOWN and not self._busy[flow, host]:
                del self._allowed[flow, host]

    def _known(self, flow: str, host: str) -> int:
        return self._allowed.get((flow, host), min(_FIRST, self._most))

    def _count(self, flow: str, host: str, number: int) -> None:
        for name in (("", ""), (flow, ""), ("", host), (flow, host)):
            self._busy[name] += number
            if not self._busy[name]:
                del self._busy[name]


def _half(free: int, own: int) -> int:
    """What may be taken of what is free so that no more is held than is left."""
    return (free - own + 1) // 2


@dataclass
class Dispatcher(Generic[E]):
    """Takes errands that are due and has each done. `do` says as `Places.leave` what came of it."""

    name: str  # of the errands, in logs
    queue: Queue[E]
    places: Places
    lease_s: float
    do: Callable[[E, float], bool | None]
    _woken: threading.Event = field(default_factory=threading.Event)

    def take_due(self, submit: Submit[E]) -> int:
        """Take what is due and there is place for, and have it done; answers how many."""
        num_taken = 0
        for flow in self.queue.flows(_MAX_FLOWS):
            # A host without room has somebody at it: among so many there is one that has room.
            for host in self.queue.hosts(flow, self.places.total + 1):
                if not self.places.room(flow):
                    break
                if room := self.places.room(flow, host):
                    num_taken += self._take(flow, host, room, submit)
        return num_taken

    def run_one(self, errand: E, leased_until: float) -> None:
        """Do one. `leased_until` is a time of `time.monotonic`."""
        answered = None
        try:
            answered = self.do(errand, leased_until)
        except Unavailable as error:
            _log.warning(
                "store is away; it comes back",
                errand=self.name,
                id=errand.id,
                reason=error.reason,
            )
        except Exception:
            # A thread's boundary: the lease runs out, and it is tried again.
            _log.exception("failed unexpectedly", errand=self.name, id=errand.id)
        finally:
            self.places.leave(errand.route.flow, errand.route.host, answered)
            self.wake()

    def run(self, stopped: threading.Event) -> None:
        """Do what is due until stopped, then wait for what is under way."""
        with ThreadPoolExecutor(self.places.total, thread_name_prefix=self.name) as pool:
            while not stopped.is_set():
                self._woken.clear()
                if not safely(lambda: self.take_due(pool.submit), self.name):
                    self._woken.wait(_IDLE_S)
                    stopped.wait(_GATHER_S)

    def wake(self) -> None:
        """Look again, soon."""
        self._woken.set()

    def _take(self, flow: str, host: str, room: int, submit: Submit[E]) -> int:
        leased_until = time.monotonic() + self.lease_s
        errands = self.queue.take(flow, host, room)
        self.places.enter(flow, host, len(errands))
        for errand in errands:
            submit(self.run_one, errand, leased_until)
        return len(errands)


def repeat(step: Callable[[], int], name: str, stopped: threading.Event) -> None:
    """Do a step until stopped, with a pause where there was nothing to do."""
    while not stopped.is_set():
        if not safely(step, name):
            stopped.wait(_IDLE_S)


def safely(step: Callable[[], int], name: str) -> int:
    """How much a step did; none, and a pause, where it failed."""
    try:
        return step()
    except Unavailable as error:
        tell_away(error, step=name)
    except Exception:
        # A thread's boundary: whatever it is, the next look may do better.
        _log.exception("a look for work failed; trying again", step=name)
    time.sleep(1)
    return 0
