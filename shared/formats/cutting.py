"""Pieces of a page's picture, and the whole of it made smaller."""

from __future__ import annotations

import io
from math import dist

from PIL import Image

from shared.result import Box

_LEVEL = 1.5
"""Pixels by which the corners of a level box may differ: turning it would only blur it."""
_QUALITY = 75


def cut_line(picture: bytes, page_width: int, box: Box) -> bytes:
    """A line as a PNG, level, cut out of the JPEG of its page."""
    with Image.open(io.BytesIO(picture), formats=["JPEG"]) as image:
        scale = image.width / page_width
        corners = [(x * scale, y * scale) for x, y in box]
        (left, top), (_, other_top), (right, bottom), (other_left, _) = corners
        if max(abs(top - other_top), abs(left - other_left)) <= _LEVEL:
            x, y = round(left), round(top)
            line = image.crop((x, y, max(round(right), x + 1), max(round(bottom), y + 1)))
        else:
            size = (max(round(dist(*corners[:2])), 1), max(round(dist(corners[0], corners[3])), 1))
            # Pillow names them against the clock, from the upper left one.
            quad = [value for at in (0, 3, 2, 1) for value in corners[at]]
            line = image.convert("RGB").transform(
                size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC
            )
        return _saved(line, "PNG")


def scaled_jpeg(picture: bytes, max_side: int) -> bytes:
    """A JPEG that is no larger; decoded no finer than that needs."""
    with Image.open(io.BytesIO(picture), formats=["JPEG"]) as image:
        image.thumbnail((max_side, max_side))
        return _saved(image, "JPEG")


def _saved(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, form, quality=_QUALITY)
    return out.getvalue()
