"""A document on its way to the service: read in pieces, and from the start again at each try."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

Source = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the bytes, or a binary file object. A path is never bytes, bytes are never a path."""


@dataclass(frozen=True)
class Upload:
    """A stream that can go back to its start, and the document's name."""

    stream: IO[bytes]
    name: str


@contextmanager
def open_upload(source: Source, name: str | None = None) -> Iterator[Upload]:
    """Open a document for sending. Raises OSError when it cannot be read."""
    if isinstance(source, bytes):
        yield Upload(BytesIO(source), _sendable(name or "document"))
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file, _rewindable(file) as stream:
            yield Upload(stream, _sendable(name or Path(source).name))
    else:
        own_name = getattr(source, "name", None)
        known = Path(own_name).name if isinstance(own_name, str) else "document"
        with _rewindable(source) as stream:
            yield Upload(stream, _sendable(name or known))


@contextmanager
def _rewindable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The stream itself, or a copy of the pipe that it is, on disk."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)  # which also writes what is in the buffer, so that the length is known
        yield copy


def _sendable(name: str) -> str:
    """The name as NFC, its bytes that are not UTF-8 replaced."""
    whole = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", whole)
