"""What a reader's process keeps of memory that it no longer uses."""

from __future__ import annotations

import functools
import gc
import os

import psutil

from shared.running.sandbox import trim_heap

_KEPT_BYTES = 560 * 2**20
"""Where it has grown by more since it was loaded, the heap's free memory goes back to the system:
pages of many sizes leave it in pieces, some 70 MiB each, to be used by no other."""
_ROOM_BYTES = 240 * 2**20
"""What may come on top of what was left after that: the prepared shapes alone may fill the first,
and to give memory back after each page, only to fault it in again, takes 30 to 70 ms a page."""
_YOUNG = 20_000
"""New objects, about those of a page, from which Python looks for cycles among them."""


def settle() -> None:
    """Let Python's search for cycles pass over what there is by now, which stays for good.

    A tenth of what a page costs beside the networks went into walking through modules and networks
    again and again, with the interpreter lock held.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)


class Heap:
    """The heap of a process that has loaded its networks."""

    def __init__(self) -> None:
        """Note how large the process is now."""
        self._kept_bytes = self._most_bytes = own_rss_bytes() + _KEPT_BYTES

    def after_page(self) -> None:
        """Give back what is free, where it is much."""
        if own_rss_bytes() > self._most_bytes:
            trim_heap()
            self._most_bytes = max(self._kept_bytes, own_rss_bytes() + _ROOM_BYTES)


def own_rss_bytes() -> int:
    """Memory of this process that is in RAM."""
    return int(_process(os.getpid()).memory_info().rss)


@functools.cache
def _process(process_id: int) -> psutil.Process:
    """To make it anew for each page would cost more than to ask it."""
    return psutil.Process(process_id)
