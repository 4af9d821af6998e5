"""Wakes the watch: at every change of the folder, and every second where none is told of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles import watch

TICK_S = 1.0


def wakes(folder: Path, polling: bool) -> Iterator[None]:
    """Yield whenever it is time to look at a folder, for ever.

    Network file systems tell of no changes, and the system may have no more watches to give: then
    the folder is looked at every second all the same. Raises KeyboardInterrupt.
    """
    for forced in [True] if polling else [None, True]:
        try:
            for _ in watch(
                folder,
                watch_filter=None,
                debounce=200,
                rust_timeout=round(TICK_S * 1000),
                yield_on_timeout=True,
                force_polling=forced,
                # What lies deeper is looked at every second: `done/` may hold a million files.
                recursive=False,
            ):
                yield
        except (OSError, RuntimeError):
            continue  # what watchfiles raises where it cannot watch
    while True:
        time.sleep(TICK_S)
        yield
