"""Writes a zip as a stream: nothing is sought or held, however many entries there are.

After APPNOTE.TXT 6.3.10 (PKWARE). `zipfile` writes streams, too, but keeps an object for each entry
until the end; here the directory grows in a file of its own.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Callable
from typing import IO

_LOCAL = struct.Struct("<4s5H3L2H")  # 4.3.7
_DESCRIPTOR = struct.Struct("<4s3L")  # 4.3.9
_ENTRY = struct.Struct("<4s6H3L5H2L")  # 4.3.12
_WIDE = struct.Struct("<2H3Q")  # 4.5.3, with all three of its numbers
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_END = struct.Struct("<4s4H2LH")  # 4.3.16
_STREAMED_UTF8 = 0x8 | 0x800  # sizes follow the data; names are UTF-8
_VERSION, _VERSION_64 = 20, 45
_MADE_ON_UNIX = 3 << 8
_PLAIN_FILE = 0o100644 << 16
_NONE16, _NONE32 = 0xFFFF, 0xFFFFFFFF
_TIME, _DATE = 0, (0 << 9) | (1 << 5) | 1  # 1980-01-01: the same input, the same bytes
_MEMORY_BYTES = 1 << 20  # of the directory, before it goes to disk
_PIECE_BYTES = 64 * 1024

Write = Callable[[bytes], object]


class ZipWriter:
    """Hands a zip to `write` as its entries come; as zip64 where it grows too large for others."""

    def __init__(self, write: Write, *, deflate: bool = False) -> None:
        self._write = write
        self._method = zlib.DEFLATED if deflate else 0
        self._directory: IO[bytes] = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115
        self._size = 0
        self._num_entries = 0

    def begin(self, name: str) -> None:
        """Begin an entry of this name, which must be fit for archives."""
        self._name = name.encode()
        self._start = self._size
        self._packer = zlib.compressobj(wbits=-zlib.MAX_WBITS) if self._method else None
        self._crc = self._num_bytes = self._num_packed = 0
        head = (_VERSION, _STREAMED_UTF8, self._method, _TIME, _DATE, 0, 0, 0)
        self._put(_LOCAL.pack(b"PK\x03\x04", *head, len(self._name), 0) + self._name)

    def data(self, piece: bytes) -> None:
        """Go on with the entry."""
        self._crc = zlib.crc32(piece, self._crc)
        self._num_bytes += len(piece)
        self._put_packed(self._packer.compress(piece) if self._packer else piece)

    def end(self) -> None:
        """End the entry."""
        if self._packer:
            self._put_packed(self._packer.flush())
        packed, size, start, wide = self._num_packed, self._num_bytes, self._start, b""
        # Who reads the stream alone takes these for what they are only up to 4 GB.
        shown = (packed & _NONE32, size & _NONE32)
        self._put(_DESCRIPTOR.pack(b"PK\x07\x08", self._crc, *shown))
        if max(packed, size, start) >= _NONE32:
            wide = _WIDE.pack(1, _WIDE.size - 4, size, packed, start)
            packed = size = start = _NONE32
        version = _VERSION_64 if wide else _VERSION
        head = (_MADE_ON_UNIX | version, version, _STREAMED_UTF8, self._method, _TIME, _DATE)
        lengths = (len(self._name), len(wide), 0, 0, 0)
        entry = (*head, self._crc, packed, size, *lengths, _PLAIN_FILE, start)
        self._directory.write(_ENTRY.pack(b"PK\x01\x02", *entry) + self._name + wide)
        self._num_entries += 1

    def close(self) -> None:
        """Write the directory. Nothing may follow."""
        start, length, number = self._size, self._directory.tell(), self._num_entries
        self._directory.seek(0)
        while piece := self._directory.read(_PIECE_BYTES):
            self._put(piece)
        if number >= _NONE16 or start + length >= _NONE32:
            versions = (_MADE_ON_UNIX | _VERSION_64, _VERSION_64, 0, 0)
            sizes = (number, number, length, start)
            self._put(_END64.pack(b"PK\x06\x06", _END64.size - 12, *versions, *sizes))
            self._put(_LOCATOR.pack(b"PK\x06\x07", 0, start + length, 1))
            number, length, start = min(number, _NONE16), _NONE32, _NONE32
        self._put(_END.pack(b"PK\x05\x06", 0, 0, number, number, length, start, 0))
        self.drop()

    def drop(self) -> None:
        """Let go of everything."""
        self._directory.close()

    def _put(self, data: bytes) -> None:
        self._size += len(data)
        self._write(data)

    def _put_packed(self, data: bytes) -> None:
        if data:
            self._num_packed += len(data)
            self._put(data)
