"""Shows how `docchu ingest` gets on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_BAR_EVERY_S = 0.5
_LINE_EVERY_S = 10.0
# The rate is that of the last minute: it tells how long the rest will take.
_RATE_OVER_S = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands: documents in all, done (failed ones, too) and failed, pages read."""

    total: int
    done: int
    failed: int
    pages: int


class Pace:
    """Documents and pages a second, from what was seen lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, Standing]] = deque()

    def see(self, standing: Standing) -> tuple[float, float | None]:
        """Note how it stands; give pages a second and the seconds that are left, if known."""
        now = self._clock()
        self._seen.append((now, standing))
        while now - self._seen[0][0] > _RATE_OVER_S and len(self._seen) > 2:
            self._seen.popleft()
        then, before = self._seen[0]
        if now <= then:
            return 0.0, None
        documents_per_s = (standing.done - before.done) / (now - then)
        left = standing.total - standing.done
        eta_s = left / documents_per_s if documents_per_s > 0 else None
        return (standing.pages - before.pages) / (now - then), eta_s


class Display:
    """Looks at a run from a thread of its own and shows it on stderr until it is left."""

    def __init__(self, look: Callable[[], Standing]) -> None:
        self._look = look
        self._pace = Pace()
        self._ended = threading.Event()
        show = self._bar if sys.stderr.isatty() else self._lines
        self._thread = threading.Thread(target=show, name="display", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join(5)

    def _lines(self) -> None:
        self._pace.see(self._look())
        pause_s = _LINE_EVERY_S
        while not self._ended.wait(pause_s):
            print(f"docchu: {self._line()}", file=sys.stderr, flush=True)

    def _line(self) -> str:
        standing = self._look()
        pages_per_s, eta_s = self._pace.see(standing)
        left = f", {duration(eta_s)} left" if eta_s else ""
        return (
            f"{standing.done} of {standing.total} documents, {pages_per_s:.1f} pages/s, "
            f"{standing.failed} failed{left}"
        )

    def _bar(self) -> None:
        # Loaded here: rich takes time, and without a terminal nobody sees it.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        with Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("documents {task.fields[rate]:.1f} pages/s"),
            TextColumn("[red]{task.fields[failed]} failed"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
        ) as progress:
            task = progress.add_task("", total=None, rate=0.0, failed=0, left="")
            pause_s = 0.0
            while not self._ended.wait(pause_s):
                began = time.monotonic()
                standing = self._look()
                rate, eta_s = self._pace.see(standing)
                progress.update(
                    task,
                    total=standing.total,
                    completed=standing.done,
                    rate=rate,
                    failed=standing.failed,
                    left=f"{duration(eta_s)} left" if eta_s else "",
                )
                # Looking at a million documents takes time that the run itself wants.
                pause_s = max(_BAR_EVERY_S, 20 * (time.monotonic() - began))


def duration(seconds: float) -> str:
    """Say how long something takes, for people."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
