"""Named places where the fault suite ends or stops a process; nothing anywhere else.

A file `<name>` in the folder that DOCCHU_FAILPOINTS_DIR names, with `kill` or `stop` in it, is for
the first process that comes by: it takes the file away and gives itself that signal.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_folders: list[Path] = []


def arm(folder: Path | None) -> None:
    """Look for failpoints in this folder from now on; in none where it is None."""
    _folders[:] = [folder] if folder else []


def reach(name: str) -> None:
    """Say that the process has come to this place."""
    for folder in _folders:
        taken = folder / f"{name}.{os.getpid()}"
        try:
            (folder / name).rename(taken)
        except FileNotFoundError:
            continue
        os.kill(os.getpid(), _SIGNALS[taken.read_text()])
