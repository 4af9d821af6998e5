"""The progress bar of `docchu read`: on a terminal, and for a document that takes long."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from docchu.jobs import Job

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_LONG_S = 1.0
_NAME_WIDTH = 32  # characters; the numbers beside it are what the bar is for


class Bar:
    """A bar on stderr that shows itself when it is needed and leaves nothing behind."""

    def __init__(self, name: str) -> None:
        name = Path(name).name
        self._name = name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"
        self._start = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            self._shown[0].stop()

    def update(self, job: Job) -> None:
        """Show how the job stands."""
        total, done = job.progress.pages_total, job.progress.pages_done
        if not self._shown and ((total or 0) > 1 or time.monotonic() - self._start > _LONG_S):
            self._shown = self._show()
        if self._shown:
            progress, task = self._shown
            progress.update(task, total=total, completed=done, status=job.status)

    def _show(self) -> tuple[Progress, TaskID]:
        # Loaded here: most documents are done before anybody needs to be told, and rich takes time.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("pages {task.fields[status]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        task = progress.add_task(self._name, total=None, status="")
        progress.start()
        return progress, task
