"""Large photos and scans decoded at a half or less, which libjpeg-turbo does in its own step."""

from __future__ import annotations

from PIL import Image, JpegImagePlugin

_LARGE_PIXELS = 34_000_000
"""A4 at 600 dpi, 28 times what the detector sees of a page: print that it can find is still 20
pixels high at a half, and no better read at the whole. Decoding takes a third of the time, and all
that looks at the page's pixels a quarter."""


def reduce(frame: Image.Image) -> None:
    """Have a JPEG that is not decoded yet decode smaller, if it is so large."""
    if isinstance(frame, JpegImagePlugin.JpegImageFile) and (factor := _factor(*frame.size)) > 1:
        width, height = (side // factor for side in frame.size)
        frame.draft(None, (width, height))  # at least so large


def _factor(width: int, height: int) -> int:
    factor = 1
    while factor < 8 and width * height >= _LARGE_PIXELS * factor**2:
        factor *= 2
    return factor
