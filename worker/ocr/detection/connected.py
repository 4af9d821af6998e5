"""Parts of a mask that are connected: which pixels are of which, and where each lies."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Labels = NDArray[np.int32]
Boxes = NDArray[np.intp]


def connected(mask: Mask, neighbours: Literal[4, 8] = 8) -> tuple[Labels, Boxes]:
    """The number of each pixel's part (H, W), 0 where there is none, and each part's left, top,
    width and height (N, 4), that of part 1 first. With 8 neighbours pixels are of one part corner
    to corner, too.

    The ends of a part are among its few corners: to measure all of its pixels, or to trace its
    contour, takes two or three times as long.
    """
    count, found = cv2.connectedComponents(mask, connectivity=neighbours)
    labels = np.asarray(found, np.int32)
    rim = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    first, last = np.full((2, count), mask.size), np.zeros((2, count), np.intp)
    for ends, chosen, beside in (
        (first, np.minimum, cv2.bitwise_or(rim[:-2, 1:-1], rim[1:-1, :-2])),
        (last, np.maximum, cv2.bitwise_or(rim[2:, 1:-1], rim[1:-1, 2:])),
    ):
        is_corner = np.asarray(cv2.subtract(mask, beside), np.uint8).view(bool)
        corners = np.flatnonzero(is_corner)
        for end, places in zip(ends, np.divmod(corners, mask.shape[1]), strict=True):
            chosen.at(end, labels.ravel()[corners], places)
    (top, left), (bottom, right) = first[:, 1:], last[:, 1:] + 1
    return labels, np.stack((left, top, right - left, bottom - top), axis=1)
