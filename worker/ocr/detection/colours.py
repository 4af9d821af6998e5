"""Whether a picture has coloured ink at all: a look at few of its pixels, for most have none."""

from __future__ import annotations

import cv2

from worker.ocr.recognition.lines import Picture

_SIDE = 250
"""Pixels of the longer side that are looked at. They are picked, not averaged: ink keeps its
colour, and a share of them is that share of all."""
_LEAST = 0.0003
"""The share from which it is worth looking closely: a third of what the smallest seal has."""


def has_colour(picture: Picture, levels: int) -> bool:
    """Whether red, blue or green stands out by so many levels in an RGB picture (H, W, 3)."""
    height, width = picture.shape[:2]
    step = max(1, max(height, width) // _SIDE)
    size = -(-width // step), -(-height // step)
    red, green, blue = cv2.split(cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST))
    stands_out = cv2.max(cv2.subtract(red, cv2.max(green, blue)), cv2.subtract(blue, red))
    stands_out = cv2.max(stands_out, cv2.subtract(green, cv2.max(red, blue)))
    _, marked = cv2.threshold(stands_out, levels, 1, cv2.THRESH_BINARY)
    return cv2.countNonZero(marked) > _LEAST * marked.size
