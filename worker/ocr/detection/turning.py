"""Stand a page upright that lies on its side or stands on its head."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.detection.bounds import within_bounds
from worker.ocr.detection.boxes import NONE, Quads, spans
from worker.ocr.detection.crops import Crop
from worker.ocr.detection.detection import find_lines
from worker.ocr.detection.sheet import Sheet, turned
from worker.ocr.detection.stacks import unstacked
from worker.ocr.networks.orientation import WINDOW
from worker.ocr.recognition.batch_client import BatchClient
from worker.ocr.recognition.ctc import Span, confidence_of
from worker.ocr.recognition.lines import HEIGHT, Picture
from worker.ocr.sights.recipes import Cut, Scaling

_SAMPLE_SIZE = 8
"""Lines. The classifier judges 15 of 16 rightly, so that many together hardly ever err."""
_TALL = 1.5
"""Height over length of a box of sideways text, even a short one."""
_SIDEWAYS = 3.0
"""Height over length that no upright text has, a lone 1 or l included."""
_DOUBT = 0.3
"""The mean chance of standing on its head from which the sample is read both ways."""
_POOR = 0.75
"""A page that is read with less confidence is tried the other way round too."""
_MIN_GAIN = 0.05
"""By how much the confidence has to be better the other way round."""


def find_upright(client: BatchClient, picture: Picture) -> Sheet:
    """Find the lines of an RGB picture (H, W, 3) and turn it as its text stands.

    An upright page pays for one batch of the classifier. The lines of another one are found anew
    once it stands upright, so that it reads as if it had always stood so.
    """
    sheet = _searched(client, Sheet(picture, NONE))
    if _lies_sideways(sheet.quads):
        sheet = sheet.turned_right()
    if _stands_on_head(client, sheet):
        sheet = sheet.turned_round()
    if sheet.rotation:
        sheet = _searched(client, sheet)
    return sheet.with_quads(_as_read(client, sheet))


def read_either_way(client: BatchClient, sheet: Sheet) -> tuple[Sheet, list[list[Span]]]:
    """Read the lines of a sheet: their words, and the sheet, turned where that reads better."""
    words = client.words(sheet.crops())
    if not words or (confidence := _confidence(words, sheet.quads)) >= _POOR:
        return sheet, words
    other = sheet.turned_round()
    other_words = client.words(other.crops())
    better = _confidence(other_words, sheet.quads) > confidence + _MIN_GAIN
    return (other, other_words) if better else (sheet, words)


def _searched(client: BatchClient, sheet: Sheet) -> Sheet:
    found = find_lines(sheet.picture, client.probability)
    quads, is_cut = within_bounds(found.quads)
    bends = zip(found.quads, found.bends, strict=True)
    found_on = replace(
        sheet,
        quads=quads,
        is_cut=is_cut,
        likely=found.likely,
        bends={quad.tobytes(): bend for quad, bend in bends if bend},
    )
    return unstacked(client, found_on)


def _lies_sideways(quads: Quads) -> bool:
    """Whether most of the text stands on its side; a page with a lone digit does not lie."""
    lengths, heights = spans(quads)
    standing = heights[heights >= _TALL * lengths].sum()
    lying = lengths[lengths >= _TALL * heights].sum()
    return bool((heights >= _SIDEWAYS * lengths).any() and standing > 2 * lying)


def _stands_on_head(client: BatchClient, sheet: Sheet) -> bool:
    """Ask the classifier about the longest lines; in doubt read them both ways."""
    if len(sheet.quads) == 0:
        return False
    quads = _longest(sheet.quads)
    lines = sheet.with_quads(quads).crops()
    if statistics.fmean(client.chances([Window(line) for line in lines])) < _DOUBT:
        return False
    upright = client.words(lines)
    on_head = client.words([Crop.of(turned(line.pixels(), 180)) for line in lines])
    return _confidence(on_head, quads) > _confidence(upright, quads) + _MIN_GAIN


def _longest(quads: Quads) -> Quads:
    lengths, heights = spans(quads)
    # Past what the classifier sees of it, a longer line says no more.
    seen = np.minimum(lengths, 4 * heights)
    return quads[np.argsort(-seen, kind="stable")[:_SAMPLE_SIZE]]


def _as_read(client: BatchClient, sheet: Sheet) -> Quads:
    """The quads, those of lines that run up or down an upright page turned as they are read."""
    lengths, heights = spans(sheet.quads)
    found = np.flatnonzero(heights >= _SIDEWAYS * lengths)
    if len(found) == 0:
        return sheet.quads
    upwards = sheet.quads[found][:, (3, 0, 1, 2)]
    chances = client.chances([Window(Crop(sheet.picture, quad)) for quad in upwards])
    downwards = np.array(chances) > 0.5
    upwards[downwards] = upwards[downwards][:, (2, 3, 0, 1)]
    quads = sheet.quads.copy()
    quads[found] = upwards
    return quads


def _confidence(words: Sequence[Sequence[Span]], quads: Quads) -> float:
    """That of all lines, the longer the more: what a logo or the corner of a frame is taken for
    says little beside a line of text."""
    lengths, heights = spans(quads)
    return statistics.fmean(map(confidence_of, words), lengths / np.maximum(heights, 1.0))


@dataclass(frozen=True, slots=True)
class Window:
    """The middle of a line as the classifier sees it: BGR (48, 192, 3), a short line padded.

    The published pipeline squeezes whole lines into that width and errs three times as often.
    """

    line: Crop
    shape: ClassVar[tuple[int, int]] = WINDOW

    def shown(self) -> Picture:
        """The picture."""
        line = self.line.pixels()
        height = len(line)
        start, seen, size = _middle(*line.shape[:2])
        scaled = cv2.resize(
            line[:, start : start + seen],
            (size, HEIGHT),
            interpolation=cv2.INTER_AREA if height > HEIGHT else cv2.INTER_LINEAR,
        )
        padded: NDArray[np.uint8] = np.full((*WINDOW, 3), 127, np.uint8)
        padded[:, :size] = scaled[:, :, ::-1]
        return padded

    def recipe(self) -> Cut | None:
        """The same, for a device that makes it."""
        place = self.line.place
        if place is None:
            return None
        height, width = self.line.shape
        scaling = Scaling.AREA if height > HEIGHT else Scaling.LINEAR
        middle = _middle(height, width)
        return Cut(self.line.picture, place, (height, width), *middle, WINDOW[1], scaling)


def _middle(height: int, width: int) -> tuple[int, int, int]:
    """The first column of a line that is seen, how many are, and as how many."""
    seen = min(width, 4 * height)
    return (width - seen) // 2, seen, min(WINDOW[1], max(1, round(seen * HEIGHT / height)))
