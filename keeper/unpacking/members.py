"""Takes one entry out of a zip, piece by piece, and stops at whatever is wrong with it."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from keeper.unpacking.directory import Entry, Span
from shared.errors import DocumentTooLarge, EmptyDocument
from shared.errors.documents import ArchiveEntryRefused
from shared.incoming.paths import trick_in

_LOCAL = struct.Struct("<4s5H3L2H")  # local file header (APPNOTE 4.3.7)
_LOCAL_SIGNATURE = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # bits: encrypted, strongly encrypted, its header masked
_PATCH = 0x20
_UNIX = (3, 19)  # where it was made: Unix, OS X
_DOS_FOLDER = 0x10
_PIECE_BYTES = 64 * 1024
# Deflate packs a blank page up to 1032 times, so much is no proof of malice; but that many bytes of
# nothing are no document that anybody wants read.
_MAX_RATIO = 200
_RATIO_FREE_BYTES = 32 << 20

Write = Callable[[bytes], object]


def is_folder(entry: Entry) -> bool:
    """Whether the entry only says that there is a folder."""
    if entry.size > 0:
        return False
    if entry.name.endswith(("/", "\\")) or entry.attributes & _DOS_FOLDER:
        return True
    return entry.made_on in _UNIX and stat.S_ISDIR(entry.attributes >> 16)


def check_entry(entry: Entry, max_bytes: int) -> None:
    """Refuse what the directory alone shows to be wrong, before a byte is read.

    Raises ArchiveEntryRefused, DocumentTooLarge, EmptyDocument.
    """
    if trick := trick_in(entry.name):
        raise ArchiveEntryRefused(trick)
    kind = stat.S_IFMT(entry.attributes >> 16) if entry.made_on in _UNIX else 0
    if kind == stat.S_IFLNK:
        raise ArchiveEntryRefused("It is a symbolic link.")
    if kind not in (0, stat.S_IFREG):
        raise ArchiveEntryRefused("It is no plain file.")
    if entry.flags & _ENCRYPTED:
        raise ArchiveEntryRefused("It is encrypted: send the archive without its password.")
    if entry.method not in (_STORED, _DEFLATED) or entry.flags & _PATCH:
        raise ArchiveEntryRefused("It is packed in a way that is not read: use deflate or store.")
    if entry.size > max_bytes:
        raise DocumentTooLarge(max_bytes=max_bytes)
    if entry.size == 0:
        raise EmptyDocument
    if entry.size > max(_RATIO_FREE_BYTES, entry.packed_bytes * _MAX_RATIO):
        raise ArchiveEntryRefused("It unpacks to more than 200 times its size.")


def copy_entry(file: BinaryIO, entry: Entry, span: Span, write: Write) -> None:
    """Hand the entry's bytes to `write`, never more of them than the directory says.

    Raises ArchiveEntryRefused, and what `write` raises.
    """
    if entry.least_end > span.start:
        raise ArchiveEntryRefused("Its bytes are not where the archive says: it is damaged.")
    start = _data_start(file, entry)
    if start + entry.packed_bytes > span.start:
        raise ArchiveEntryRefused("Its bytes are not where the archive says: it is damaged.")
    file.seek(start)
    size, crc = 0, 0
    for piece in _unpacked(file, entry):
        size += len(piece)
        if size > entry.size:
            raise ArchiveEntryRefused("It unpacks to more than the archive says.")
        crc = zlib.crc32(piece, crc)
        write(piece)
    if size != entry.size:
        raise ArchiveEntryRefused("It unpacks to less than the archive says.")
    if crc != entry.crc:
        raise ArchiveEntryRefused("Its checksum is wrong: the archive is damaged here.")


def _data_start(file: BinaryIO, entry: Entry) -> int:
    """Where its data begins, by a local header that must tell of the same file."""
    file.seek(entry.start)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_LOCAL_SIGNATURE):
        raise ArchiveEntryRefused("Its header is missing: the archive is damaged here.")
    fields = _LOCAL.unpack(head)
    if file.read(fields[9]) != entry.raw_name or fields[3] != entry.method:
        raise ArchiveEntryRefused("Its header says another thing than the archive's directory.")
    if fields[2] & _ENCRYPTED:
        raise ArchiveEntryRefused("It is encrypted: send the archive without its password.")
    return entry.start + _LOCAL.size + int(fields[9]) + int(fields[10])


def _unpacked(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    pieces = _packed(file, entry)
    if entry.method == _STORED:
        yield from pieces
        return
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in pieces:
            left = packed
            while left and not unpacking.eof:
                yield unpacking.decompress(left, _PIECE_BYTES)
                left = unpacking.unconsumed_tail
        while not unpacking.eof and (piece := unpacking.decompress(b"", _PIECE_BYTES)):
            yield piece
    except zlib.error as error:
        raise ArchiveEntryRefused("It cannot be unpacked: the archive is damaged here.") from error


def _packed(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    left = entry.packed_bytes
    while left > 0:
        piece = file.read(min(left, _PIECE_BYTES))
        if not piece:
            raise ArchiveEntryRefused("It is cut short.")
        left -= len(piece)
        yield piece
