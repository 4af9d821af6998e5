"""Find the text lines of a picture: what the detector is shown, and its boxes back in pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.boxes import Found, Quads, find_boxes, spans
from worker.ocr.detection.closer import areas_of_ink
from worker.ocr.detection.crops import rows_of_ink
from worker.ocr.recognition.lines import Picture
from worker.ocr.sights.recipes import Whole

LONG_SIDE = 1280
"""Pixels. Larger pages are shrunk to it: the letters of a printed A4 page stay legible."""
SHORT_SIDE = 960
"""Pixels. Smaller pages are enlarged towards it. The 736 of the published pipeline reads running
text as well, but misses lone digits in the columns of a receipt."""
_LONG_AREA = 1280 * 960
"""Pixels. A page more than twice as long as wide (a receipt, a screenshot that was scrolled) may
have as many as any other: shrunk to the long side alone its letters would vanish."""
_MOST_ENLARGED = 2.0
_STRIP = 128
"""Pixels. A picture this low or this narrow holds a line or a few: its size is left as it is."""
_LONG_STRIP = 2560
_FEW = 4
"""Lines. Where there are more, those of small print are found, too."""
_CLOSER = 1.5
_SEEN_BEST = 96
"""Pixels of a line and the ground round it, where it is all that is shown."""
_LARGE, _USUAL = 160, 48
"""Pixels of a line that is seen. Where none is lower than the first, letters come for words, or
parts of them: the picture is shown again with lines as high as the second."""
_SIDEWAYS = 3.0
"""Height over length that no upright text has."""
_STEP = 32
_FINE = 640
_COARSE_STEP = 64
"""Pixels. Sides above 640 get more ground round them, up to a coarser grid: each size that the
detector is shown is a shape that has to be prepared and remembered."""
_MARGIN = 8
"""Pixels of ground round what is seen: text that touches the edge is not found."""
_FILLS = 0.6
"""The share of a strip's height from which a single row of text is all there is."""
_FAINT = 24
"""Grey levels. What differs less than this from its ground is no text."""
_EVERY = 7
_LEAST_SIDE = 6
"""Pixels. No letter can be told from another in less."""


@dataclass(frozen=True, slots=True)
class View:
    """What the detector sees of an RGB picture (H, W, 3): scaled to `size`, with ground round it
    up to `shape`. Both are in pixels, the width of `size` before its height."""

    picture: Picture
    size: tuple[int, int]

    @classmethod
    def of(cls, picture: Picture, scale: float) -> View:
        """A picture enlarged by `scale`."""
        height, width = picture.shape[:2]
        return cls(picture, (max(1, round(width * scale)), max(1, round(height * scale))))

    @property
    def shape(self) -> tuple[int, int]:
        """Its height and its width."""
        return _fitted(self.size[1]), _fitted(self.size[0])

    @property
    def _offset(self) -> tuple[int, int]:
        rows, columns = self.shape
        return (columns - self.size[0]) // 2, (rows - self.size[1]) // 2

    def shown(self) -> Picture:
        """The picture, BGR."""
        seen = _resized(self.picture, self.size)
        edges = np.concatenate((seen[0], seen[-1], seen[:, 0], seen[:, -1]))
        ground = np.median(edges, axis=0).astype(np.uint8).tolist()
        (rows, columns), (x, y) = self.shape, self._offset
        around = y, rows - self.size[1] - y, x, columns - self.size[0] - x
        canvas = cv2.copyMakeBorder(seen, *around, cv2.BORDER_CONSTANT, value=ground)
        return np.asarray(cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR, dst=canvas), np.uint8)

    def recipe(self) -> Whole:
        """The same, for a device that makes it."""
        return Whole(self.picture, self.size, self.shape, self._offset)

    def in_picture(self, found: Found) -> Found:
        """What was found, in pixels of the picture."""
        height, width = self.picture.shape[:2]
        scale = np.array((self.size[0] / width, self.size[1] / height), np.float32)
        return found.moved(-np.array(self._offset, np.float32), scale)


Detect = Callable[[View], NDArray[np.float32]]
"""From what the detector sees to its probability map (H, W)."""


def view_of(picture: Picture) -> View:
    """What the detector is shown of a page."""
    return View.of(picture, _scale(*picture.shape[:2]))


def find_lines(picture: Picture, detect: Detect) -> Found:
    """Find the text lines of an RGB picture (H, W, 3), in its pixels."""
    height, width = picture.shape[:2]
    found = _seen_at_size(picture, detect)
    if min(height, width) <= _STRIP:
        if len(found.quads) == 0:
            return Found.only(_box(0, 0, width, height))
        if width > height and not any(found.bends) and _is_single_row(found.quads, height):
            return Found.only(_row_of_strip(found.quads, picture))
    elif len(found.quads) <= _FEW:
        found = Found.of((found, *_looks_closer(picture, found.outlines, detect)))
    most = np.array((width, height), np.float32)
    return replace(found, quads=np.clip(found.quads, 0, most))


def _seen_at_size(picture: Picture, detect: Detect) -> Found:
    """What is found on a picture, seen from further away where all of it is large print."""
    scale = _scale(*picture.shape[:2])
    found = _seen(picture, scale, detect)
    lengths, heights = spans(found.quads)
    if len(heights) == 0 or scale * heights.min() < _LARGE:
        return found
    if np.median(heights / np.maximum(lengths, 1.0)) > _SIDEWAYS:
        return found  # of usual size, and on their side
    further = _seen(picture, _USUAL / float(np.median(heights)), detect)
    return further if len(further.quads) else found


def _seen(picture: Picture, scale: float, detect: Detect) -> Found:
    view = View.of(picture, scale)
    return view.in_picture(find_boxes(detect(view)))


def _looks_closer(picture: Picture, known: Quads, detect: Detect) -> Iterator[Found]:
    """The lines where a picture has ink beside those it is known for, shown as is seen best."""
    rest = _painted_over(picture, known)
    for left, top, right, bottom in areas_of_ink(picture, known):
        part = rest[top:bottom, left:right]
        height, width = part.shape[:2]
        scale = min(max(1.0, _SEEN_BEST / min(height, width)), LONG_SIDE / max(height, width))
        if scale > _CLOSER * _scale(*picture.shape[:2]):
            found = _seen(part, min(scale, _MOST_ENLARGED), detect)
            found = found.moved(np.array((left, top), np.float32))
            # The next place may reach over this one, as that of a sloping rule does.
            rest = _painted_over(rest, found.outlines)
            yield found


def _painted_over(picture: Picture, outlines: Quads) -> Picture:
    """The picture without what is in the outlines (N, K, 2): what was found is not found again."""
    rest = picture.copy()
    most = np.array(picture.shape[1::-1]) - 1
    for outline in outlines:
        corners = np.clip(np.round(outline).astype(np.int32), 0, most)
        ground = np.median(picture[corners[:, 1], corners[:, 0]], axis=0)
        cv2.fillPoly(rest, [corners], ground.tolist())
    return rest


def is_blank(picture: Picture) -> bool:
    """Whether a picture has nothing that could be text."""
    if min(picture.shape[:2]) < _LEAST_SIDE:
        return True
    # A few rows tell it of most pages; to pick single pixels takes longer.
    for seen in (picture[::_EVERY], picture):
        darkest, brightest, _, _ = cv2.minMaxLoc(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY))
        if brightest - darkest >= _FAINT:
            return False
    return True


def _fitted(side: int) -> int:
    """The side of the detector's picture for one of a page, with margins."""
    filled = side + 2 * _MARGIN
    if side <= _FINE:
        return -(-filled // _STEP) * _STEP
    return _STEP - (_STEP - filled) // _COARSE_STEP * _COARSE_STEP


def _scale(height: int, width: int) -> float:
    if min(height, width) <= _STRIP:
        return min(1.0, _LONG_STRIP / max(height, width))
    enlarged = min(_MOST_ENLARGED, max(1.0, SHORT_SIDE / min(height, width)))
    limit = LONG_SIDE / max(height, width)
    if max(height, width) > 2 * min(height, width):
        limit = max(limit, min(1.0, math.sqrt(_LONG_AREA / (height * width))))
    return min(enlarged, limit)


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    height, width = picture.shape[:2]
    if size == (width, height):
        return picture
    shrinks = size[0] * size[1] < width * height
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(picture, size, interpolation=interpolation).astype(np.uint8, copy=False)


def _is_single_row(quads: Quads, height: int) -> bool:
    """Whether the boxes stand side by side and fill the height of the strip."""
    tops, bottoms = quads[:, :2, 1].mean(1), quads[:, 2:, 1].mean(1)
    shared = bottoms.min() - tops.max()
    side_by_side = shared > _FILLS * (bottoms - tops).min()
    return bool(side_by_side and bottoms.max() - tops.min() > _FILLS * height)


def _row_of_strip(quads: Quads, picture: Picture) -> Quads:
    """One box for the row, as high as the strip has ink: who cut it knew where the marks end.

    Blank rows are left out, since the recogniser sees 48 rows of whatever height the box has.
    """
    height, width = picture.shape[:2]
    room = 0.2 * height
    left = max(0.0, float(quads[:, :, 0].min()) - room)
    right = min(float(width), float(quads[:, :, 0].max()) + room)
    top, bottom = rows_of_ink(picture[:, int(left) : int(right) + 1])
    return _box(left, top, right, bottom)


def _box(left: float, top: float, right: float, bottom: float) -> Quads:
    return np.array([[(left, top), (right, top), (right, bottom), (left, bottom)]], np.float32)
