"""What Pillow leaves open about TIFF files: how many pages there are and how wide a pixel is."""

from __future__ import annotations

import math
import struct
from typing import BinaryIO

from PIL import TiffImagePlugin

_RESOLUTION_TAGS = (282, 283)  # XResolution, YResolution
_ORIENTATION_TAG = 274
_LYING_ORIENTATIONS = frozenset({5, 6, 7, 8})  # rows of the file are columns of the page

_MIN_STRETCH, _MAX_STRETCH = 1.2, 4.5
"""Faxes have 204 dots to the inch across and 98, 196 or 391 down (ITU-T T.4). 204 x 196 is square
enough; what lies beyond the largest ratio is a mistake in the file and no fax."""


def follow_chain(file: BinaryIO, max_pages: int) -> tuple[int, bool]:
    """Count the directories of a TIFF or BigTIFF up to `max_pages` + 1, and tell if all are there.

    Only the chain is followed, so a page that cannot be decoded counts. Where the chain leads out
    of the file the lost directory counts too, as one: its page tells that something is missing.
    """
    file.seek(0)
    header = file.read(16)
    order = "<" if header[:2] == b"II" else ">"
    try:
        is_big = struct.unpack_from(order + "H", header, 2)[0] == 43
        number, offset_at, entry_bytes = ("Q", 8, 20) if is_big else ("H", 4, 12)
        pointer = struct.Struct(order + ("Q" if is_big else "L"))
        entries = struct.Struct(order + number)
        (offset,) = pointer.unpack_from(header, offset_at)
    except struct.error:
        return 0, False
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) <= max_pages:
        seen.add(offset)
        try:
            file.seek(offset)
            (num_entries,) = entries.unpack(file.read(entries.size))
            file.seek(offset + entries.size + num_entries * entry_bytes)
            (offset,) = pointer.unpack(file.read(pointer.size))
        except (struct.error, OSError, OverflowError, ValueError):
            return len(seen), False  # the file ends before the chain does
    return len(seen), True


def stretch(frame: TiffImagePlugin.TiffImageFile) -> tuple[float, float]:
    """How much wider and how much higher to make a page that has pixels which are not square.

    To be asked before the frame is decoded: decoding turns it and forgets its orientation.
    """
    try:
        across, down = (float(frame.tag_v2[tag]) for tag in _RESOLUTION_TAGS)
        ratio = across / down
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0, 1.0
    factor = max(ratio, 1 / ratio) if ratio > 0 and math.isfinite(ratio) else 1.0
    if not _MIN_STRETCH <= factor <= _MAX_STRETCH:
        return 1.0, 1.0
    lies = frame.tag_v2.get(_ORIENTATION_TAG) in _LYING_ORIENTATIONS
    return (1.0, factor) if (ratio > 1) != lies else (factor, 1.0)
