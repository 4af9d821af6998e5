"""Where on a page something is."""

from __future__ import annotations

from typing import Any

Point = tuple[float, float]
Box = tuple[Point, Point, Point, Point]
"""A quadrilateral in page pixels: top left, top right, bottom right, bottom left of the text."""


def box_of(corners: Any) -> Box:
    """Take a `box`. Raises TypeError and ValueError where it is none."""
    one, two, three, four = ((float(x), float(y)) for x, y in corners)
    return one, two, three, four
