"""A file's bytes as they were at one moment: what is hashed is what is sent, whatever follows."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, cast

from docchu.files import objects
from docchu.files.media import HEAD_BYTES, is_document

# A larger document is copied to disk before it is sent.
_MAX_BYTES_IN_MEMORY = 4 << 20


@dataclass(frozen=True)
class Copy:
    """The bytes, to be closed by whoever takes them, and the file's size and time at the copy."""

    stream: BinaryIO
    size: int
    mtime_ns: int
    sha256: str


def copy_document(path: str, scratch: Path) -> Copy | None:
    """Copy a file or object; None if it is no document. Raises OSError where it cannot be read."""
    with _opened(path) as (source, size, mtime_ns):
        if not is_document(source.read(HEAD_BYTES)):
            return None
        source.seek(0)
        small = size <= _MAX_BYTES_IN_MEMORY
        stream = io.BytesIO() if small else _on_disk(scratch)
        try:
            shutil.copyfileobj(source, stream)
            stream.seek(0)
            sha256 = file_digest(cast(io.BytesIO, stream), "sha256").hexdigest()
            stream.seek(0)
        except BaseException:
            stream.close()
            raise
        return Copy(stream, size, mtime_ns, sha256)


@contextmanager
def _opened(path: str) -> Iterator[tuple[BinaryIO, int, int]]:
    if objects.is_address(path):
        with objects.opened(path) as found:
            yield found
        return
    with open(path, "rb") as source:
        facts = os.fstat(source.fileno())
        yield source, facts.st_size, facts.st_mtime_ns


def _on_disk(scratch: Path) -> BinaryIO:
    # Whoever takes the copy closes it, and with it the file is gone.
    return cast(BinaryIO, tempfile.TemporaryFile(dir=scratch))
