"""Show the print under coloured ink.

Print shines through ink on paper, which is bright in the channel of its colour. A stamp that a
program laid on a page hides what it covers: only the edges of its strokes are mixed of ink and
print, and the gaps that it leaves in the print are closed from beside them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.ocr.recognition.lines import Picture

Mask = NDArray[np.uint8]

DARK = 110
"""The level of its brightest channel under which ink is black."""
_PALEST, _DARKEST = 90, 10
"""Percentiles: of the brightness of the paper, and of the ink that is raised to it."""
_FULL = 50
"""Percentile of the ink's colour: its rim is paler, its middle is not."""
_HIDDEN, _TOUCHED = 0.7, 0.05
"""The share of ink in a pixel from which nothing is known of what lies under it, and from which it
is changed. Of a sharp picture more could be known, of a JPEG less."""
_VEILED, _DIM = 0.75, 0.11
"""Of the usual brightness of ink: what is darker within the strokes is print under a stamp that a
program laid on it half transparent; and the share of that close to print: from 0.12 on where a
fifth of the print shows; where nothing does, 0.09 at most, of a double frame in a JPEG 0.13."""
_PAPER = 0.85
"""Of the way from print to paper: what is brighter is paper, with traces of ink."""
_VEIL = 2
"""Percentile of the ink's brightness: that of print under such a stamp."""
_SHINES = 0.055
"""The share of black within the strokes close to print: where they hide it the edges alone, 0.053
at most in a JPEG, where it shines through over 0.11, of a dark violet ink 0.06."""
_STEP, _SHARP = 0.2, 0.6
"""From a pixel to the next at the edges of strokes, in shares of ink: what is a step, and how far
the larger ones go in a picture whose colours are as fine as its brightness. In a JPEG they are not:
its steps are 0.63 at most, 0.55 mostly."""
_SOOT = 0.3
"""Of the ink's brightness there: what is so dark beside its strokes is print."""
_REACH = 3
"""Pixels round a hidden one from which it is guessed."""


def others_of(picture: Picture, channel: int) -> Mask:
    """How bright an RGB picture is where ink of a channel's colour is dark."""
    return _others(cv2.split(picture), channel)


def colour_of(picture: Picture, channel: int) -> Mask:
    """By how many levels a channel stands out."""
    channels = cv2.split(picture)
    return np.asarray(cv2.subtract(channels[channel], _others(channels, channel)), np.uint8)


def _others(channels: Sequence[cv2.typing.MatLike], channel: int) -> Mask:
    red, green, blue = channels
    if channel == 2:  # blue ink may be as green as it is blue
        return np.asarray(red, np.uint8)
    return np.asarray(cv2.max(blue, green if channel == 0 else red), np.uint8)


def black_of(picture: Picture) -> Mask:
    """1 where the ink of an RGB picture is black, 0 elsewhere.

    By OpenCV: numpy's maximum over the channels takes ten times as long.
    """
    red, green, blue = cv2.split(picture)
    brightest = cv2.max(cv2.max(red, green), blue)
    _, black = cv2.threshold(brightest, DARK - 1, 1, cv2.THRESH_BINARY_INV)
    return np.asarray(black, np.uint8)


def hides_print(ink: Mask, black: Mask) -> bool:
    """Whether strokes of ink hide the print that they lie on; both are 0 or 1, of a small picture.

    Strokes of print that end at the ink go on under it where they shine through.
    """
    reached = _reached(ink, black)
    return bool(reached.any() and black[reached].mean() < _SHINES)


def veils_print(picture: Picture, ink: Mask, black: Mask) -> bool:
    """Whether print shows dimly within strokes of ink that hide it, in a small RGB picture; the
    others are 0 or 1.

    By the brightness alone, for the colours of a JPEG are coarse: they spread beyond a stroke.
    """
    light = _light(picture)
    dim = light < _VEILED * np.median(light[ink > 0])
    return bool(dim[_reached(ink, black)].mean() >= _DIM)


def _reached(ink: Mask, black: Mask) -> NDArray[np.bool_]:
    """Where in the strokes of ink print would be that ends beside them."""
    whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    rim = cv2.dilate(whole, np.ones((3, 3), np.uint8))
    beside = cv2.dilate(np.where(rim > 0, 0, black).astype(np.uint8), np.ones((9, 9), np.uint8))
    return np.asarray((cv2.erode(whole, np.ones((3, 3), np.uint8)) > 0) & (beside > 0))


def _light(picture: Picture) -> NDArray[np.float32]:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def uncover(
    part: Picture,
    channel: int,
    ink: NDArray[np.bool_],
    near: NDArray[np.bool_],
    hides: bool,
    veils: bool = False,
) -> None:
    """Change an RGB picture (H, W, 3) so that it shows the print alone `near` the ink.

    `hides`: what is under the ink is not seen; `veils`: it is dim.
    """
    if not ink.any():
        return
    paper = np.percentile(part[near], _PALEST, axis=0)
    if hides:
        _go_round(part, channel, ink, near)
        return
    if veils:
        part[near] = (_unveiled(part, channel, ink, paper)[..., None] * paper)[near]
        return
    shade = part[..., channel].astype(np.float32)
    raised = float(min(np.percentile(shade[ink], _DARKEST), paper[channel]))
    bright = np.minimum(1.0, shade / max(1.0, raised))
    part[near] = (bright[..., None] * paper).astype(np.uint8)[near]


def _unveiled(
    part: Picture, channel: int, ink: NDArray[np.bool_], paper: NDArray[np.float64]
) -> NDArray[np.float32]:
    """How bright (H, W) what lies under half transparent ink is, 0 to 1.

    The ink adds as much colour to print as to paper: that tells how much of it a pixel has.
    """
    light = _light(part)
    darkest, usual = (float(np.percentile(light[ink], p)) for p in (_VEIL, _FULL))
    of_paper = float(_light(paper.astype(np.uint8)[None, None])[0, 0])
    return _under(light, _share(part, channel, ink), (darkest, usual, of_paper))


def _under(
    light: NDArray[np.float32], share: NDArray[np.float32], levels: tuple[float, float, float]
) -> NDArray[np.float32]:
    """How bright, 0 to 1, what lies under shares of ink is, by the light (H, W) that is seen and
    that of ink on print, of ink on paper, and of paper."""
    darkest, usual, paper = levels
    # The colours of a JPEG end before its strokes do.
    share = np.asarray(cv2.dilate(share, np.ones((5, 5), np.uint8)))
    black, white = share * darkest, share * usual + (1 - share) * paper
    bright = np.clip((light - black) / np.maximum(1.0, _PAPER * (white - black)), 0, 1)
    return np.asarray(bright, np.float32)


def _share(part: Picture, channel: int, ink: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How much of each pixel (H, W) is ink, 0 to 1, by its colour."""
    colour = colour_of(part, channel).astype(np.float32)
    share = np.minimum(1.0, colour / float(np.percentile(colour[ink], _FULL)))
    return np.asarray(share, np.float32)


def _go_round(part: Picture, channel: int, ink: NDArray[np.bool_], near: NDArray[np.bool_]) -> None:
    share = _share(part, channel, ink)
    hidden = share > _HIDDEN
    if _is_coarse(share):
        light = _light(part)
        usual = float(np.median(light[hidden]))
        mixed = np.multiply(255.0, _under(light, share, (_SOOT * usual, usual, 255)))
        touched = near
    else:
        # The ink's own channel: there a share that is a little wrong makes no print.
        shade = part[..., channel]
        mixed = (shade - share * np.median(shade[hidden])) / np.maximum(1 - share, 1 - _HIDDEN)
        touched = near & (share > _TOUCHED)
    grey = np.clip(mixed, 0, 255).astype(np.uint8)
    grey = np.asarray(cv2.inpaint(grey, hidden.astype(np.uint8), _REACH, cv2.INPAINT_NS), np.uint8)
    part[touched] = grey[touched][:, None]


def _is_coarse(share: NDArray[np.float32]) -> bool:
    """Whether the colours of strokes, as shares of ink (H, W), are coarse as a JPEG has them."""
    steps = np.abs(np.diff(share, axis=1))
    steps = steps[steps > _STEP]
    return bool(len(steps)) and float(np.percentile(steps, 75)) < _SHARP
