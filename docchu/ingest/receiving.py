"""The batches of a run: opened when needed, their results taken and written as they finish."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from docchu.batch import Item
from docchu.client import Docchu
from docchu.errors import BatchGone, BatchNotFound
from docchu.ingest.delivering import Delivery
from docchu.ingest.journal import Journal
from docchu.steps.batches import Form

# Results that are being written at the same time; also what is held in memory.
_WRITERS = 4
_WINDOW = 16

Start = Callable[[Callable[[], None]], threading.Thread]
"""Runs something on a thread whose errors end the whole run."""


class Receiver:
    """Follows every batch whose results are not all written, each on a thread of its own."""

    def __init__(
        self,
        service: Docchu,
        journal: Journal,
        delivery: Delivery,
        forms: Sequence[str],
        start: Start,
        join: Callable[[threading.Thread], None],
    ) -> None:
        self._service = service
        self._journal = journal
        self._delivery = delivery
        # The richer one has all that the other has.
        self._form: Form = "json" if "json" in forms else "text"
        self._start = start
        self._join = join
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def open_batch(self) -> str:
        """Give the batch that documents are added to, a new one if there is none. Raises
        DocchuError."""
        with self._lock:
            batch = self._journal.current_batch()
            if batch is None:
                batch = self._service.batches.open(metadata={"opened_by": "docchu ingest"}).id
                self._journal.open_batch(batch)
            self._follow(batch)
            return batch

    def finish(self) -> None:
        """Close all batches and wait until their results are written. Raises DocchuError."""
        with self._lock:
            for batch in self._journal.batches():
                with suppress(BatchGone, BatchNotFound):
                    self._service.batches.close(batch)
                self._follow(batch)
            threads = list(self._threads.values())
        for thread in threads:
            self._join(thread)
        self._threads.clear()

    def follow_all(self) -> None:
        """Go on with the batches of earlier runs."""
        with self._lock:
            for batch in self._journal.batches():
                self._follow(batch)

    def _follow(self, batch: str) -> None:
        if batch not in self._threads:
            self._threads[batch] = self._start(lambda: self._receive(batch))

    def _receive(self, batch: str) -> None:
        window: deque[tuple[int, Future[None]]] = deque()
        with ThreadPoolExecutor(_WRITERS, "results") as pool:
            with suppress(BatchGone, BatchNotFound):
                for item in self._items(batch):
                    window.append((item.position, pool.submit(self._delivery.item, item)))
                    while len(window) == _WINDOW or (window and window[0][1].done()):
                        self._settle(batch, window)
            while window:
                self._settle(batch, window)
        self._journal.end_batch(batch)

    def _items(self, batch: str) -> Iterator[Item]:
        after = self._journal.position(batch)
        return self._service.batches.results(batch, form=self._form, after=after)

    def _settle(self, batch: str, window: deque[tuple[int, Future[None]]]) -> None:
        # In their order, so that a position is noted only when all before it is written.
        position, written = window.popleft()
        written.result()
        self._journal.advance(batch, position)
