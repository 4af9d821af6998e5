"""One run of `docchu ingest`: find the files, send what is not done, write what comes back."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from docchu.client import Docchu
from docchu.errors import DocchuError
from docchu.files.objects import is_address
from docchu.files.outputs import ENDINGS, outputs
from docchu.files.walking import Found
from docchu.ingest.delivering import Delivery
from docchu.ingest.findings import Findings
from docchu.ingest.journal import Journal
from docchu.ingest.receiving import Receiver
from docchu.ingest.showing import Display, Standing
from docchu.ingest.sources import Sources
from docchu.ingest.uploading import Uploader
from docchu.steps.options import ReadingOptions

HIDDEN = ".docchu"
"""The folder in the output folder that holds the journal and what is being written."""

# What a service forgot on the way is sent again, this often in one run.
_ROUNDS = 5
_LOOK_S = 0.2


class Stopped(Exception):
    """The run ends before its end, because another thread failed."""


@dataclass(frozen=True)
class Wish:
    """What a run of `docchu ingest` was asked for."""

    paths: Sequence[str]
    out: str
    forms: Sequence[str]
    fresh: bool
    retry_failed: bool
    connections: int
    options: ReadingOptions = field(default_factory=ReadingOptions)
    journal: Path | None = None

    @property
    def journal_folder(self) -> Path:
        """Where the journal is: in the output folder, unless that is none."""
        if self.journal is not None:
            return self.journal / HIDDEN
        if not is_address(self.out):
            return Path(self.out) / HIDDEN
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
        return Path(state) / "docchu" / sha256(self.out.encode()).hexdigest()[:16]


class Ingest:
    """A run. The threads that upload, receive and write end it together if one of them fails."""

    def __init__(self, wish: Wish) -> None:
        """Open the journal. Raises UnusablePaths, JournalInUse, JournalUnusable, OSError."""
        self._wish = wish
        sources = Sources(wish.paths, wish.out)
        self.folder = hidden = wish.journal_folder
        self._scratch = hidden / "scratch"
        hidden.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(hidden / "ingest.sqlite")
        if wish.fresh:
            self.journal.clear()
        if wish.retry_failed:
            self.journal.forget_failures()
        # What a killed run was about to write.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(exist_ok=True)
        self.findings = Findings(self.journal.database)
        self.findings.add(self._not_own(sources.found()))
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._delivery: Delivery | None = None

    def pause(self, seconds: float) -> None:
        """Pause between two tries of a request. Raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped

    def run(self, service: Docchu, impatient: Docchu) -> None:
        """Do all that is to be done. Raises what no thread could go on after.

        `service` waits long for a service that is away, `impatient` does not.
        """
        delivery = Delivery(
            service,
            self.journal,
            self.findings,
            outputs(self._wish.out, self._scratch),
            self._wish.forms,
        )
        self._delivery = delivery
        receiver = Receiver(
            service, self.journal, delivery, self._wish.forms, self._start, self._join
        )

        def wait_for_service(error: DocchuError) -> None:
            self.pause(error.retry_after_s or 0)
            next(service.batches.all(), None)

        uploader = Uploader(
            impatient,
            self.journal,
            self.findings,
            delivery,
            self._scratch,
            receiver.open_batch,
            wait_for_service,
            self._wish.options,
        )
        with Display(self.standing):
            for _ in range(_ROUNDS):
                try:
                    self._round(uploader, receiver)
                except Stopped:  # this thread was told to: what ended the others is the reason
                    raise self._errors[0] from None
                if not self.findings.counts().get("waiting"):
                    return

    def standing(self) -> Standing:
        """How the run stands."""
        counts = self.findings.counts()
        total = sum(counts.values()) - counts.get("skipped", 0)
        failed = sum(counts.get(state, 0) for state in ("failed", "canceled", "unreadable"))
        pages = self._delivery.num_pages if self._delivery else 0
        return Standing(total, total - counts.get("waiting", 0), failed, pages)

    def _round(self, uploader: Uploader, receiver: Receiver) -> None:
        receiver.follow_all()
        files, lock = self.findings.to_do(), threading.Lock()

        def upload() -> None:
            while not self._stop.is_set():
                with lock:
                    found = next(files, None)
                if found is None:
                    return
                uploader.take(found)

        for thread in [self._start(upload) for _ in range(self._wish.connections)]:
            self._join(thread)
        receiver.finish()

    def _join(self, thread: threading.Thread) -> None:
        """Wait for a thread, or raise what ended any of them."""
        while True:
            thread.join(_LOOK_S)
            if self._errors:
                raise self._errors[0]
            if not thread.is_alive():
                return

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except Stopped:
                pass
            except BaseException as error:  # told by the main thread
                self._errors.append(error)
                self._stop.set()

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def _not_own(self, files: Iterator[Found]) -> Iterator[Found]:
        """Leave out what an earlier run has written where results stand beside their documents."""
        for found in files:
            name = found.name.removesuffix(ENDINGS["pdf"])
            file = self.journal.file(name) if name != found.name else None
            target = f"{self._wish.out.rstrip('/')}/{found.name}"
            if not (file and "pdf" in file.written and _is_same(target, found.path)):
                yield found


def _is_same(one: str, other: str) -> bool:
    if is_address(one):
        return one == other
    try:
        return Path(one).samefile(other)
    except OSError:
        return False
