"""Large photos and scans decoded at a half or less, which libjpeg-turbo does in its own step."""

from __future__ import annotations

from PIL import Image, JpegImagePlugin

_LARGE_PIXELS = 34_000_000
"""A4 at 600 dpi, 28 times what the detector sees of a page: print that it can find is still 20
pixels high at a half, and no better read at the whole. Decoding takes a third of the time
(docs/figures.md), and the page has a quarter of the pixels to be looked at."""


def reduce(frame: Image.Image) -> bool:
    """Have a JPEG that is not decoded yet decode smaller, if it is so large; tells if it will."""
    before, factor = frame.size, _factor(*frame.size)
    if factor == 1 or not isinstance(frame, JpegImagePlugin.JpegImageFile):
        return False
    frame.draft(None, (before[0] // factor, before[1] // factor))  # at least so large
    return frame.size != before


def _factor(width: int, height: int) -> int:
    factor = 1
    while factor < 8 and width * height >= _LARGE_PIXELS * factor**2:
        factor *= 2
    return factor
