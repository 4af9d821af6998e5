"""A document on its way to the service: read in pieces, and from the start again at each try."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

Source = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the bytes, or a binary file object. A path is never bytes, bytes are never a path."""


@dataclass(frozen=True)
class Upload:
    """A stream that can go back to its start, and the document's name."""

    stream: IO[bytes] | LazyFile
    name: str


class LazyFile(io.RawIOBase):
    """A file that is open only while it is being read, so that thousands can wait in one upload."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._file: IO[bytes] | None = None
        self._at = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to the start or the end, which is all that an upload needs."""
        self._shut()
        self._at = self._size if whence == os.SEEK_END else offset
        return self._at

    def tell(self) -> int:
        """Where the next read starts."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read on; at its end the file is closed. Raises OSError when it cannot be read."""
        if self._file is None:
            self._file = self._path.open("rb")
            self._file.seek(self._at)
        piece = self._file.read(size)
        self._at += len(piece)
        if not piece:
            self._shut()
        return piece

    def close(self) -> None:
        """Close the file, if it is open."""
        self._shut()
        super().close()

    def _shut(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


@contextmanager
def open_upload(source: Source, name: str | None = None) -> Iterator[Upload]:
    """Open a document for sending. Raises OSError when it cannot be read."""
    if isinstance(source, bytes):
        yield Upload(io.BytesIO(source), sendable(name or "document"))
    elif isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file, _rewindable(file) as stream:
            yield Upload(stream, sendable(name or Path(source).name))
    else:
        own_name = getattr(source, "name", None)
        known = Path(own_name).name if isinstance(own_name, str) else "document"
        with _rewindable(source) as stream:
            yield Upload(stream, sendable(name or known))


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


def sendable(name: str) -> str:
    """The name as NFC, its bytes that are not UTF-8 replaced."""
    whole = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", whole)
