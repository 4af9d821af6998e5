"""The way from the pixels of level lines to where they lie on a page, of many lines at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrices = NDArray[np.float64]
"""(B, 3, 3), for points as (x, y, 1)."""
_FLAT = 1e-12


def from_rectangles(quads: NDArray[np.float32], sizes: NDArray[np.int64]) -> Matrices:
    """From the centres of pixels of rectangles (B, 2: H, W) to quads (B, 4, 2) on a page.

    The first pixel's outer corner comes to the quad's first corner; the map of a square to a quad
    is Heckbert's (Fundamentals of Texture Mapping, 1989).
    """
    first, second, third, fourth = quads.astype(np.float64).transpose(1, 0, 2)
    skew = first - second + third - fourth
    down, along = second - third, fourth - third
    area = down[:, 0] * along[:, 1] - along[:, 0] * down[:, 1]
    # A quad without an area has no such map; its corners lie on lines all the same.
    area = np.where(np.abs(area) < _FLAT, np.inf, area)
    across = (skew[:, 0] * along[:, 1] - along[:, 0] * skew[:, 1]) / area
    upright = (down[:, 0] * skew[:, 1] - skew[:, 0] * down[:, 1]) / area
    matrices = np.ones((len(quads), 3, 3))
    matrices[:, :2, 0] = second - first + across[:, None] * second
    matrices[:, :2, 1] = fourth - first + upright[:, None] * fourth
    matrices[:, :2, 2] = first
    matrices[:, 2, 0], matrices[:, 2, 1] = across, upright
    matrices[:, :, :2] /= sizes[:, None, ::-1]
    matrices[:, :, 2] += 0.5 * (matrices[:, :, 0] + matrices[:, :, 1])
    return matrices


def moved_to(boxes: NDArray[np.int64], matrices: Matrices) -> Matrices:
    """The same to places in boxes (B, 4), whose outer edges are -1 and 1."""
    least, most = boxes[:, :2], boxes[:, 2:]
    scale = 2 / (most - least)
    offset = (1 - 2 * least) / (most - least) - 1
    moved = matrices.copy()
    moved[:, :2] *= scale[:, :, None]
    moved[:, :2] += offset[:, :, None] * matrices[:, 2:]
    return moved
