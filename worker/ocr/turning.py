"""Find out whether a page lies on its side or stands on its head."""

from __future__ import annotations

import statistics

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.boxes import Quads, spans
from worker.ocr.crops import crop
from worker.ocr.ctc import confidence_of
from worker.ocr.lane import Lane
from worker.ocr.lines import HEIGHT, Picture

CLASSIFIER_SIZE = (HEIGHT, 4 * HEIGHT)
SAMPLE_SIZE = 8
"""Lines. Each is judged rightly about 15 times in 16; so many together do not err."""
_TALL = 1.5
_SIDEWAYS = 3.0
_DOUBT = 0.3
"""The mean chance of standing on its head from which the sample is read both ways."""
_MIN_GAIN = 0.05
"""By how much the mean confidence has to be better on the other side."""


def lies_sideways(quads: Quads) -> bool:
    """Whether the boxes of a page are mostly columns of sideways text.

    Boxes count by their length; a page of a few square boxes (a lone digit) does not.
    """
    if len(quads) == 0:
        return False
    lengths, heights = spans(quads)
    tall = heights >= _TALL * lengths
    wide = lengths >= _TALL * heights
    standing, lying = heights[tall].sum(), lengths[wide].sum()
    long = bool((heights >= 3 * lengths).any())
    return bool(long and standing > 2 * lying)


def turned(picture: Picture, rotation: int) -> Picture:
    """Turn a picture by 0, 90, 180 or 270 degrees clockwise."""
    codes = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if rotation == 0:
        return picture
    return cv2.rotate(picture, codes[rotation]).astype(np.uint8, copy=False)


def turned_round(quads: Quads, picture: Picture) -> Quads:
    """The quads of a picture after it was turned by 180 degrees."""
    height, width = picture.shape[:2]
    corners = np.array((width, height), np.float32) - quads
    return np.ascontiguousarray(corners[:, (2, 3, 0, 1)])


def sample_of(quads: Quads) -> Quads:
    """The longest lines of a page, which say most about how it stands."""
    lengths, heights = spans(quads)
    return quads[np.argsort(-np.minimum(lengths, 12 * heights), kind="stable")[:SAMPLE_SIZE]]


def stands_on_head(picture: Picture, quads: Quads, lane: Lane) -> bool:
    """Whether the page has to be turned by 180 degrees.

    Where the classifier doubts the page, a sample of its lines is read both ways.
    """
    if len(quads) == 0:
        return False
    lines = [crop(picture, quad) for quad in sample_of(quads)]
    if statistics.fmean(lane.chances([window(line) for line in lines])) < _DOUBT:
        return False
    words = lane.words([*lines, *(turned(line, 180) for line in lines)])
    found = [confidence_of(line) for line in words]
    upright, on_head = found[: len(lines)], found[len(lines) :]
    return statistics.fmean(on_head) > statistics.fmean(upright) + _MIN_GAIN


def with_sideways_lines(picture: Picture, quads: Quads, lane: Lane) -> Quads:
    """Turn the corners of lines that stand sideways on an upright page as they are read.

    A narrow high box is a line that runs upwards (a note in the margin), or downwards where the
    classifier says so.
    """
    lengths, heights = spans(quads)
    found = np.flatnonzero(heights >= _SIDEWAYS * lengths)
    if len(found) == 0:
        return quads
    upwards = quads[found][:, (3, 0, 1, 2)]
    chances = lane.chances([window(crop(picture, quad)) for quad in upwards])
    downwards = np.array(chances) > 0.5
    upwards[downwards] = upwards[downwards][:, (2, 3, 0, 1)]
    turned_quads = quads.copy()
    turned_quads[found] = upwards
    return turned_quads


def window(line: Picture) -> Picture:
    """The middle of a line as the classifier sees it: BGR (48, 192, 3), a short line padded.

    The published pipeline squeezes whole lines into that width and errs three times as often.
    """
    height, width = line.shape[:2]
    shown = min(width, 4 * height)
    start = (width - shown) // 2
    size = min(CLASSIFIER_SIZE[1], max(1, round(shown * HEIGHT / height)))
    shrinks = height > HEIGHT
    scaled = cv2.resize(
        line[:, start : start + shown],
        (size, HEIGHT),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    padded: NDArray[np.uint8] = np.full((*CLASSIFIER_SIZE, 3), 127, np.uint8)
    padded[:, :size] = scaled[:, :, ::-1]
    return padded
