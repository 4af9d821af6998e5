"""Pictures of pages for people to look at: small, upright, beside the result that was read."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 1600  # pixels: the text of an A4 page is readable, and a few hundred kB are enough
_QUALITY = 70
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def picture_of(page: NDArray[np.uint8], rotation: int) -> bytes:
    """Encode a page (H, W, 3; RGB) as JPEG, scaled down and turned by `rotation` clockwise.

    The longest side is at most MAX_SIDE pixels; it fits the boxes of the result after scaling.
    """
    page = _scaled_down(page)
    if rotation:
        page = np.asarray(cv2.rotate(page, _TURNS[rotation]), np.uint8)
    # OpenCV writes what it takes for BGR.
    flipped = cv2.cvtColor(page, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", flipped, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()


def _scaled_down(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """First by a whole factor, which OpenCV averages fast, then the rest: a fifth of the time."""
    height, width = page.shape[:2]
    factor = min(max(height, width) // MAX_SIDE, height, width)
    if factor > 1:
        height, width = height // factor, width // factor
        whole = page[: height * factor, : width * factor]
        page = np.asarray(
            cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
    scale = MAX_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        page = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return page
