"""The page loader: a few warm child processes that many threads ask for pages."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from shared.errors import ServiceError, UnsupportedMediaType
from shared.media import MEDIA_TYPES, PDF
from worker.loading.answers import Answer
from worker.loading.limits import LoadLimits
from worker.loading.process import ChildProcess
from worker.loading.protocol import Check, wanted
from worker.loading.turns import Flow, Turn, Turns
from worker.ocr.layer.words import LayerWord

_SPARE_S = 60.0
"""How long the processes that are started for a while outlive the need for them."""
_LOOK_S = 0.25
"""How often somebody who waits for a turn looks whether the page is still wanted."""


@dataclass(frozen=True)
class LoadedPage:
    """A page as RGB pixels (H, W, 3); `damage` says what is missing if it was read in part.

    `full` is the height and width that it has in its file: a very large one is decoded smaller.
    """

    picture: NDArray[np.uint8]
    damage: str | None
    full: tuple[int, int]


_ANY_FLOW = Flow()


@dataclass(frozen=True)
class Asker:
    """Who wants a page: whose turn that takes, and `check`, which raises once nobody does.

    `password` opens the document, if it is locked.
    """

    flow: Flow = _ANY_FLOW
    check: Check = wanted
    password: str | None = field(default=None, repr=False)


_ANYBODY = Asker()


class PageLoader:
    """Loads pages of documents in child processes; many threads may share it.

    `num_processes` are there from the start and are shared by all; up to `num_spare` more are
    started for interactive pages while those are busy. A call waits for its turn (`Turns`). A
    process that crashes, hangs, or wants too much memory or time is killed and replaced, and only
    the page that it was loading fails.
    """

    def __init__(self, limits: LoadLimits, num_processes: int, num_spare: int = 0) -> None:
        """Start the processes and wait until they are warm; raises ServiceError if they do not."""
        self._limits = limits
        self._num_lasting = num_processes
        self._turns = Turns(num_processes + num_spare, num_processes)
        self._children = [ChildProcess(limits) for _ in range(num_processes)]
        self._idle = list(self._children)  # the one that has been idle longest comes first
        self._short_at = time.monotonic()  # when the last idle one was taken
        self._is_closed = False
        self._changed = threading.Condition()
        try:
            for child in self._children:
                child.start()
            for child in self._children:
                child.wait_until_ready()
        except BaseException:
            self.close()
            raise

    def count_pages(self, path: Path, media_type: str, asker: Asker = _ANYBODY) -> int:
        """Count the pages of a document of this media type, which `shared.media.sniff` told.

        Raises DocumentDamaged, DocumentEncrypted, TooManyPages, PageCrashed, PageTimeout,
        UnsupportedMediaType, FileNotFoundError, ServiceError if no process can be started, and
        what the asker's `check` raises.
        """
        return self._ask(asker, "count", path, media_type, 0).num_pages

    def load(self, path: Path, media_type: str, page: int, asker: Asker = _ANYBODY) -> LoadedPage:
        """Load a page, counting from 1: upright, with square pixels, on white paper.

        Raises PageTooLarge and what `count_pages` raises, but not TooManyPages.
        """
        if page < 1:
            raise ValueError(f"pages count from 1, not {page}")
        answer = self._ask(asker, "load", path, media_type, page)
        assert answer.picture is not None
        return LoadedPage(answer.picture, answer.damage, answer.full)

    def layer(self, path: Path, page: int, asker: Asker = _ANYBODY) -> Sequence[LayerWord]:
        """What a page of a PDF, counting from 1, says of itself, in pixels of what `load` gives.

        Raises what that raises.
        """
        if page < 1:
            raise ValueError(f"pages count from 1, not {page}")
        answer = self._ask(asker, "layer", path, PDF, page)
        assert answer.layer is not None
        return answer.layer

    def process_ids(self) -> list[int]:
        """The ids of the processes that run now."""
        ids = [child.process_id for child in self._children]
        return [process_id for process_id in ids if process_id is not None]

    def close(self) -> None:
        """Let the requests that are under way end, then end the processes; may be called twice."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(self._idle) == len(self._children))
            for child in self._children:
                child.stop()

    def __enter__(self) -> PageLoader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, asker: Asker, verb: str, path: Path, media_type: str, page: int) -> Answer:
        if media_type not in MEDIA_TYPES:
            raise UnsupportedMediaType(media_type=media_type)
        facts = path.stat()
        document = (str(path.absolute()), f"{facts.st_ino}-{facts.st_mtime_ns}-{facts.st_size}")
        request = {
            "verb": verb,
            "path": document[0],
            "version": document[1],
            "media_type": media_type,
            "page": page,
            "password": asker.password,
        }
        with self._child_for(document, asker) as child:
            return child.ask(request, document, asker.check)

    @contextmanager
    def _child_for(self, document: tuple[str, str], asker: Asker) -> Iterator[ChildProcess]:
        """Take a child, if possible the one that has the document open, and give it back."""
        with self._changed:
            turn = self._turns.come(asker.flow)
            try:
                self._wait_for(turn, asker.check)
                openers = (child for child in self._idle if child.document == document)
                child = next(openers, self._idle[0])
                self._idle.remove(child)
            except BaseException:
                self._turns.end(turn)
                self._changed.notify_all()
                raise
        before = child.process_id
        try:
            yield child
        finally:
            child.renew_if_spent()
            with self._changed:
                if child.process_id != before:  # what ended that one may have ended others
                    for other in self._idle:
                        other.renew_if_spent()
                self._idle.append(child)
                self._turns.end(turn)
                if time.monotonic() - self._short_at > _SPARE_S:
                    self._end_spare()
                self._changed.notify_all()

    def _wait_for(self, turn: Turn, check: Check) -> None:
        """Wait until it is somebody's turn and take a place, with an idle child for it."""
        while not (self._is_closed or self._turns.is_next(turn)):
            check()
            self._changed.wait(_LOOK_S)
        if self._is_closed:
            raise ServiceError("Page loading is shutting down.")
        self._turns.begin(turn)
        # Behind the last one that a bulk page takes another gets ready, ahead of need.
        if len(self._idle) <= turn.flow.is_bulk and len(self._children) < self._turns.num_places:
            self._add_spare()
        if len(self._idle) <= 1:
            self._short_at = time.monotonic()

    def _add_spare(self) -> None:
        spare = ChildProcess(self._limits)
        with contextlib.suppress(ServiceError):  # its first request tries again, and says so
            spare.start()
        self._children.append(spare)
        self._idle.append(spare)

    def _end_spare(self) -> None:
        for child in self._idle[: len(self._children) - self._num_lasting]:
            child.stop()
            self._idle.remove(child)
            self._children.remove(child)
