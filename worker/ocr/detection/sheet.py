"""A picture with the lines that were found on it, and how it was turned to stand upright."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.bends import Bend
from worker.ocr.detection.boxes import NONE, Quads
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.scaling import Small
from worker.ocr.recognition.lines import Picture

Rotation = Literal[0, 90, 180, 270]

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_ROUND = (2, 3, 0, 1)


@dataclass(frozen=True)
class Sheet:
    """An RGB picture (H, W, 3), after turning by `rotation` degrees clockwise, and its quads.

    `is_cut`: more lines were found than may be read. `likely` are regions that are hardly ever
    anything but text. Where a line is bent, its quad is only near it: `bends` has its bend by the
    bytes of its quad, so that quads may be taken out and put in order.
    """

    picture: Picture
    quads: Quads
    rotation: Rotation = 0
    is_cut: bool = False
    likely: Quads = field(default_factory=NONE.copy)
    bends: Mapping[bytes, Bend] = field(default_factory=dict)

    @cached_property
    def small(self) -> Small:
        """What strokes, rules and bars are looked for on: to make it takes as long as to look."""
        return Small.of(self.picture, self.quads)

    def bend_of(self, quad: NDArray[np.float32]) -> Bend | None:
        """How the line of a quad is bent, if it is."""
        return self.bends.get(quad.tobytes()) if self.bends else None

    def crop(self, quad: NDArray[np.float32]) -> Crop:
        """A line."""
        return Crop(self.picture, quad, self.bend_of(quad))

    def crops(self) -> list[Crop]:
        """All lines."""
        return [self.crop(quad) for quad in self.quads]

    def turned_right(self) -> Sheet:
        """The same sheet turned by 90 degrees clockwise; bends are known of upright lines alone."""
        height = self.picture.shape[0]

        def moved(quads: Quads) -> Quads:
            corners = np.stack((height - quads[..., 1], quads[..., 0]), axis=-1)
            return np.ascontiguousarray(corners[:, (3, 0, 1, 2)])

        return replace(
            self,
            picture=turned(self.picture, 90),
            quads=moved(self.quads),
            likely=moved(self.likely),
            bends={},
            rotation=cast(Rotation, (self.rotation + 90) % 360),
        )

    def turned_round(self) -> Sheet:
        """The same sheet turned by 180 degrees."""
        height, width = self.picture.shape[:2]

        def moved(quads: Quads) -> Quads:
            return np.ascontiguousarray((np.array((width, height), np.float32) - quads)[:, _ROUND])

        bends = {
            moved(quad[None]).tobytes(): bend.turned_round(height, width)
            for quad in self.quads
            if (bend := self.bend_of(quad))
        }
        return replace(
            self,
            picture=turned(self.picture, 180),
            quads=moved(self.quads),
            likely=moved(self.likely),
            bends=bends,
            rotation=cast(Rotation, (self.rotation + 180) % 360),
        )

    def with_quads(self, quads: Quads) -> Sheet:
        """The same picture with other quads."""
        return self if quads is self.quads else replace(self, quads=quads)

    def showing(self, picture: Picture) -> Sheet:
        """The same quads on another picture."""
        return self if picture is self.picture else replace(self, picture=picture)


def turned(picture: Picture, rotation: Rotation) -> Picture:
    """Turn a picture by 0, 90, 180 or 270 degrees clockwise."""
    if rotation == 0:
        return picture
    return cv2.rotate(picture, _CODES[rotation]).astype(np.uint8, copy=False)
