"""Gather the work of many threads into batches for the few threads that own the device.

Whenever the device is free it takes what waits, up to a budget of pixels: under load batches fill
by themselves, and when idle nothing waits for company. Jobs take turns by the pixels they were
given (start-time fair queueing), so a long document cannot hold up a single image. Where a batch
takes long, on a processor, what is not bulk does not wait for one of bulk to end, either.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, NamedTuple

_CALM = 500
"""Batches in a row that had room, after which a larger one is tried again: who else took the
device's memory may be gone. If not, that batch costs its halves once more."""

Run = Callable[[Any, Sequence[Any]], Sequence[Any]]
"""Runs payloads of one key on the device and returns a result for each, in order."""


class DeviceOutOfMemory(Exception):
    """The device has not enough memory for this batch; a smaller one may fit."""


class DeviceLost(Exception):
    """The device answers no more; the process has to be started again."""


class BatcherClosed(Exception):
    """The reader is shutting down and takes no more work."""


class Group(NamedTuple):
    """Payloads of `pixels` each; only those of equal keys share a batch."""

    key: Hashable
    payloads: Sequence[Any]
    pixels: int


class Answer(Future[list[Any]]):
    """The results of one call, in the order of its payloads; `num_left` are still to come.

    One for all: to make, settle and wait for one of each line costs as much as to read its words.
    """

    def __init__(self, num_left: int) -> None:
        super().__init__()
        self.num_left = num_left
        self._results: list[Any] = [None] * num_left
        if num_left == 0:
            self.set_result([])

    def take(self, place: int, result: Any) -> None:
        """Note a result, under the batcher's lock."""
        self._results[place] = result
        self.num_left -= 1
        if self.num_left == 0 and self.is_wanted():
            self.set_result(self._results)

    def is_wanted(self) -> bool:
        """Whether it may be settled now, by who holds the batcher's lock: once."""
        return not self.done() and self.set_running_or_notify_cancel()


class _Item(NamedTuple):
    payload: Any
    pixels: int
    answer: Answer
    place: int


@dataclass(slots=True)
class _Job:
    """What waits for one job, oldest key first, and the pixels that it was given."""

    given: float
    is_bulk: bool
    waiting: dict[Hashable, deque[_Item]] = field(default_factory=dict)

    def take(self, key: Hashable) -> _Item:
        item = self.waiting[key].popleft()
        if not self.waiting[key]:
            del self.waiting[key]
        self.given += item.pixels
        return item


class Batcher:
    """Threads that run batches; `submit` may be called from any thread.

    `budget` is the most pixels of a batch; a larger item runs by itself. `num_streams` batches run
    side by side. With `bulk_apart` bulk and the rest share no batch, and those of the rest, up to
    `num_streams`, run beside whatever bulk has begun.
    """

    def __init__(
        self, run: Run, *, budget: int, num_streams: int = 1, bulk_apart: bool = False
    ) -> None:
        self.budget = self._most = budget
        self._num_calm = 0
        self._run = run
        self._jobs: dict[str, _Job] = {}
        self._clock = 0.0
        self._num_streams = num_streams
        self._num_running = 0
        self._failure: Exception | None = None
        apart = frozenset({False}), frozenset({True})
        kinds = apart if bulk_apart else (frozenset({False, True}),)
        self._lock = threading.Lock()
        # One for each kind of thread: to be woken for nothing costs a page more than its boxes do.
        self._changed = {kind: threading.Condition(self._lock) for kind in kinds}
        self._threads = [
            threading.Thread(
                target=self._serve, args=(kind,), name=f"ocr-device-{number}", daemon=True
            )
            for kind in kinds
            for number in range(num_streams)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, groups: Sequence[Group], *, job: str, is_bulk: bool = False) -> Answer:
        """Queue groups of payloads, and wake the device's threads once for all of them.

        Once one fails, or the answer is cancelled, what is left of them is not run.
        Raises BatcherClosed or DeviceLost.
        """
        answer, places = Answer(sum(len(group.payloads) for group in groups)), count()
        parts = [
            [_Item(payload, group.pixels, answer, next(places)) for payload in group.payloads]
            for group in groups
        ]
        if answer.done():
            return answer
        with self._lock:
            if self._failure is not None:
                raise self._failure
            # A job that was away starts level with the others: it has saved up no turns.
            waiting = self._jobs.setdefault(job, _Job(self._clock, is_bulk)).waiting
            for group, part in zip(groups, parts, strict=True):
                if part:  # what waits is never empty
                    waiting.setdefault(group.key, deque()).extend(part)
            self._changed_for(is_bulk).notify(sum(map(self._num_batches, groups)))
        return answer

    def _num_batches(self, group: Group) -> int:
        return -(-len(group.payloads) * group.pixels // self.budget)

    def close(self) -> None:
        """Finish the batch that runs, fail what waits with BatcherClosed, end the thread."""
        self._fail_waiting(BatcherClosed("the reader is closed"))
        for thread in self._threads:
            thread.join()

    def _serve(self, kind: frozenset[bool]) -> None:
        """Take, run, hand out, until closed."""
        while (batch := self._next_batch(kind)) is not None:
            self._finish(*batch)
            with self._lock:
                self._num_running -= 1
                for others, changed in self._changed.items():
                    # These may have waited for a stream; to be woken in vain costs each batch.
                    if False not in others and self._has_work(others):
                        changed.notify()

    def _changed_for(self, is_bulk: bool) -> threading.Condition:
        """What the threads wait at that take such work."""
        return next(changed for kind, changed in self._changed.items() if is_bulk in kind)

    def _next_batch(self, kind: frozenset[bool]) -> tuple[Hashable, list[_Item]] | None:
        with self._lock:
            self._changed[kind].wait_for(lambda: self._ready(kind) or self._failure)
            if self._failure is not None:
                return None
            first = min(self._ready(kind), key=lambda job: job.given)
            self._clock = first.given
            key = next(iter(first.waiting))
            items = self._fill(key, kind)
            self._jobs = {name: job for name, job in self._jobs.items() if job.waiting}
            self._num_running += 1
            return key, items

    def _has_work(self, kind: frozenset[bool]) -> bool:
        return any(job.is_bulk in kind for job in self._jobs.values())

    def _ready(self, kind: frozenset[bool]) -> list[_Job]:
        """The jobs whose work a thread of this kind may take now."""
        if False not in kind and self._num_running >= self._num_streams:
            return []
        return [job for job in self._jobs.values() if job.is_bulk in kind]

    def _fill(self, key: Hashable, kind: frozenset[bool]) -> list[_Item]:
        """Take items of one key from the jobs in turn, as many as the budget holds."""
        items: list[_Item] = []
        room = self.budget
        while sharers := [job for job in self._ready(kind) if key in job.waiting]:
            job = min(sharers, key=lambda job: job.given)
            room -= job.waiting[key][0].pixels
            if items and room < 0:
                break
            items.append(job.take(key))
        return items

    def _finish(self, key: Hashable, items: list[_Item]) -> None:
        """Run a batch; where it fails, its halves, so that only the bad item's answer raises."""
        items = [item for item in items if not item.answer.done()]
        if not items:
            return
        try:
            results = self._run(key, [item.payload for item in items])
            answered = list(zip(items, results, strict=True))
        except DeviceLost as error:
            self._fail_waiting(error)
            self._fail(items, error)
        except Exception as error:  # the border between the callers and the device
            self._finish_halves(key, items, error)
        else:
            with self._lock:
                for item, result in answered:
                    item.answer.take(item.place, result)
            self._grow_again()

    def _grow_again(self) -> None:
        if self.budget < self._most:
            self._num_calm += 1
            if self._num_calm >= _CALM:
                self.budget, self._num_calm = min(2 * self.budget, self._most), 0

    def _finish_halves(self, key: Hashable, items: list[_Item], error: Exception) -> None:
        if len(items) == 1:
            self._fail(items, error)
            return
        if isinstance(error, DeviceOutOfMemory):
            self.budget, self._num_calm = sum(item.pixels for item in items) // 2, 0
        middle = len(items) // 2
        self._finish(key, items[:middle])
        self._finish(key, items[middle:])

    def _fail(self, items: Iterable[_Item], error: Exception) -> None:
        with self._lock:
            for answer in {item.answer for item in items}:
                if answer.is_wanted():  # where one result fails all do
                    answer.set_exception(error)

    def _fail_waiting(self, error: Exception) -> None:
        with self._lock:
            self._failure = self._failure or error
            waiting = [part for job in self._jobs.values() for part in job.waiting.values()]
            self._jobs = {}
            for changed in self._changed.values():
                changed.notify_all()
        self._fail(chain.from_iterable(waiting), error)
