"""Reads the central directory of a zip, entry by entry, and trusts nothing that it says.

After APPNOTE.TXT 6.3.10 (PKWARE). `zipfile` holds the whole directory in memory, however long a
hostile one is, and gives up the archive for one entry that is wrong.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.errors.documents import ArchiveUnreadable

_END = struct.Struct("<4s4H2LH")  # end of central directory, 4.3.16
_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")  # 4.3.15
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_END64_SIGNATURE = b"PK\x06\x06"
_ENTRY = struct.Struct("<4s6H3L5H2L")  # 4.3.12
_ENTRY_SIGNATURE = b"PK\x01\x02"
_MAX_COMMENT = 0xFFFF
_NONE16, _NONE32 = 0xFFFF, 0xFFFFFFFF  # "see the zip64 field"
_UTF8 = 0x800
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075  # ids of extra fields


@dataclass(frozen=True)
class Entry:
    """What the directory says of an entry. `start` is where its local header is, in the file."""

    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size: int
    start: int
    made_on: int
    attributes: int

    @property
    def least_end(self) -> int:
        """Where its data ends, at the earliest: its local header may have more in it."""
        return self.start + 30 + len(self.raw_name) + self.packed_bytes


@dataclass(frozen=True)
class Span:
    """Where in the file the directory is, and by how much all offsets in it are too small."""

    start: int
    end: int
    shift: int


def find_directory(file: BinaryIO) -> Span:
    """Find the directory. Raises ArchiveUnreadable.

    What stands in front of the archive (a program that unpacks itself) is skipped.
    """
    size = file.seek(0, 2)
    tail_start = max(0, size - _MAX_COMMENT - _END.size)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE, 0, max(0, len(tail) - _END.size + len(_END_SIGNATURE)))
    if at < 0:
        raise ArchiveUnreadable
    _, disk, start_disk, _, _, length, offset, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if (disk or start_disk) and (disk, start_disk) != (_NONE16, _NONE16):
        raise ArchiveUnreadable("The zip is one of several parts: send it as one file.")
    found64 = _find64(file, end)
    if found64 and (length == _NONE32 or offset == _NONE32):
        end, length, offset = found64
    shift = end - length - offset
    if shift < 0 or end - length < 0:
        raise ArchiveUnreadable
    return Span(end - length, end, shift)


def _find64(file: BinaryIO, end: int) -> tuple[int, int, int] | None:
    """Where the zip64 end record is, and what it says of the directory's length and offset."""
    if end < _LOCATOR.size + _END64.size:
        return None
    file.seek(end - _LOCATOR.size)
    signature, _, offset, _ = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if signature != _LOCATOR_SIGNATURE:
        return None
    # With something in front of the archive the offset is wrong, but the usual place is right.
    for at in (end - _LOCATOR.size - _END64.size, offset):
        if at > end - _LOCATOR.size - _END64.size:
            continue
        file.seek(at)
        fields = _END64.unpack(file.read(_END64.size))
        if fields[0] == _END64_SIGNATURE:
            return at, fields[8], fields[9]
    raise ArchiveUnreadable


def read_directory(file: BinaryIO, span: Span) -> Iterator[Entry]:
    """Yield the entries in their order. Raises ArchiveUnreadable where it is no directory.

    The file may be used for other things between two entries.
    """
    at = span.start
    while at < span.end:
        file.seek(at)
        head = file.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(_ENTRY_SIGNATURE):
            raise ArchiveUnreadable
        fields = _ENTRY.unpack(head)
        lengths = fields[10:13]  # name, extra fields, comment
        at += _ENTRY.size + sum(lengths)
        if at > span.end:
            raise ArchiveUnreadable
        name = file.read(lengths[0])
        yield _entry(fields, name, _extra_fields(file.read(lengths[1])), span.shift)


def _entry(fields: tuple[int, ...], raw_name: bytes, extra: dict[int, bytes], shift: int) -> Entry:
    flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
    start = fields[16]
    wide = memoryview(extra.get(_ZIP64, b""))
    # In this order, and only those that have no room in the entry itself (4.5.3).
    for name, value in (("size", size), ("packed", packed), ("start", start)):
        if value != _NONE32 or len(wide) < 8:
            continue
        number = int.from_bytes(wide[:8], "little")
        wide = wide[8:]
        if name == "size":
            size = number
        elif name == "packed":
            packed = number
        else:
            start = number
    name = _decoded(raw_name, flags, extra.get(_UNICODE_PATH, b""))
    made_on, attributes = fields[1] >> 8, fields[15]
    return Entry(
        raw_name, name, flags, method, crc, packed, size, start + shift, made_on, attributes
    )


def _extra_fields(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        found.setdefault(kind, data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _decoded(raw: bytes, flags: int, unicode_path: bytes) -> str:
    """The name as text: Unicode where the archive says so or it can only be that, else CP437."""
    # Version 1, and the sum says whether it belongs to this very name (4.6.9).
    if unicode_path[:5] == b"\x01" + zlib.crc32(raw).to_bytes(4, "little"):
        return unicode_path[5:].decode(errors="replace")
    if flags & _UTF8:
        return raw.decode(errors="replace")
    try:
        # Many a program writes UTF-8 without saying so; CP437 that is UTF-8, too, means nothing.
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437")
