"""What a reader's process keeps of memory that it no longer uses."""

from __future__ import annotations

import psutil

from shared.running.sandbox import trim_heap

_KEPT_BYTES = 560 * 2**20
"""Where it has grown by more since it was loaded, the heap's free memory goes back to the system:
pages of many sizes leave it in pieces, some 70 MiB each, to be used by no other."""


class Heap:
    """The heap of a process that has loaded its networks."""

    def __init__(self) -> None:
        """Note how large the process is now."""
        self._most_bytes = own_rss_bytes() + _KEPT_BYTES

    def after_page(self) -> None:
        """Give back what is free, where it is much."""
        if own_rss_bytes() > self._most_bytes:
            trim_heap()


def own_rss_bytes() -> int:
    """Memory of this process that is in RAM."""
    return int(psutil.Process().memory_info().rss)
