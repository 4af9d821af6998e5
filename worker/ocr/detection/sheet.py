"""A picture with the lines that were found on it, and how it was turned to stand upright."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

import cv2
import numpy as np

from worker.ocr.detection.boxes import Quads
from worker.ocr.detection.crops import crop
from worker.ocr.recognition.lines import Picture

Rotation = Literal[0, 90, 180, 270]

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, slots=True)
class Sheet:
    """An RGB picture (H, W, 3), after turning by `rotation` degrees clockwise, and its quads.

    `is_cut`: more lines were found than may be read.
    """

    picture: Picture
    quads: Quads
    rotation: Rotation = 0
    is_cut: bool = False

    def crops(self) -> list[Picture]:
        """The picture of each line, level."""
        return [crop(self.picture, quad) for quad in self.quads]

    def turned_right(self) -> Sheet:
        """The same sheet turned by 90 degrees clockwise."""
        height = self.picture.shape[0]
        corners = np.stack((height - self.quads[..., 1], self.quads[..., 0]), axis=-1)
        return replace(
            self,
            picture=turned(self.picture, 90),
            quads=np.ascontiguousarray(corners[:, (3, 0, 1, 2)]),
            rotation=cast(Rotation, (self.rotation + 90) % 360),
        )

    def turned_round(self) -> Sheet:
        """The same sheet turned by 180 degrees."""
        height, width = self.picture.shape[:2]
        corners = np.array((width, height), np.float32) - self.quads
        return replace(
            self,
            picture=turned(self.picture, 180),
            quads=np.ascontiguousarray(corners[:, (2, 3, 0, 1)]),
            rotation=cast(Rotation, (self.rotation + 180) % 360),
        )

    def with_quads(self, quads: Quads) -> Sheet:
        """The same picture with other quads."""
        return replace(self, quads=quads)


def turned(picture: Picture, rotation: Rotation) -> Picture:
    """Turn a picture by 0, 90, 180 or 270 degrees clockwise."""
    if rotation == 0:
        return picture
    return cv2.rotate(picture, _CODES[rotation]).astype(np.uint8, copy=False)
