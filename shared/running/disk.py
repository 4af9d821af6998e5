"""The disk under the blobs: its faults in our words, and what makes an entry last."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import Unavailable

ROOM_INODES = 8
"""Files and folders that one more document may need."""


def sync_folder(folder: Path | str) -> None:
    """Make a rename last through a power cut: fsync(2) of a file does not cover its entry."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_faults() -> Iterator[None]:
    """Turn the disk's faults into `Unavailable`, with their number."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"The blob store cannot be used right now: {_why(error)}.") from error


def _why(error: OSError) -> str:
    """The fault in words that name no path."""
    reason = f"{error.strerror or error} ({errno.errorcode.get(error.errno or 0, 'no errno')})"
    if error.errno == errno.ENOSPC and error.filename:
        with suppress(OSError):
            if num_inodes(Path(error.filename).parent) < ROOM_INODES:
                return f"no inodes left: {reason}"
    return reason


def num_inodes(folder: Path) -> int:
    """Files that can still be made; very many where the file system does not count them."""
    found = os.statvfs(folder)
    return found.f_favail if found.f_files else sys.maxsize
