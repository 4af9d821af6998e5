"""Memory that a loader and one child share: pixels pass through it, a windowful at a time.

On a socket the kernel copies each page twice, in small parts that both sides are woken for.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import sys

_BYTES = 4 * 1024 * 1024
"""A photo of 1.4 million pixels passes at once. It counts for the memory that a child may have."""


class Window:
    """Looks into the memory behind a file, which may be closed then."""

    def __init__(self, file: int) -> None:
        """Raises OSError."""
        self.file = file
        self.view = memoryview(mmap.mmap(file, _BYTES))

    @classmethod
    def made(cls) -> Window | None:
        """A new one, or None on a system that has none. It is gone with those who look into it."""
        if sys.platform != "linux":
            return None
        with contextlib.suppress(OSError, AttributeError):  # Python may not have been built for it
            file = os.memfd_create("window", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                os.ftruncate(file, _BYTES)
                # A child that made it smaller would end the worker, which looks at what is gone.
                seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
                return cls(file)
            except BaseException:
                os.close(file)
                raise
        return None

    def close(self) -> None:
        """Close the file; what is seen stays."""
        os.close(self.file)
