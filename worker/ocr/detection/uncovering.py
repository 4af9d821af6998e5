"""Show the print under coloured ink.

Print shines through ink on paper, which is bright in the channel of its colour. A stamp that a
program laid on a page hides what it covers: only the edges of its strokes are mixed of ink and
print, and the gaps that it leaves in the print are closed from beside them.
"""

from __future__ import annotations

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
_VEILED, _DIM = 0.7, 0.45
"""Of the ink's own level on paper: what is darker within the strokes is print under a stamp that a
program laid on it half transparent; and how much of it, of the print between the strokes, is seen.
The colours of a JPEG, which are coarser than its brightness, make a stamp that hides all seem to
let through up to 0.39."""
_VEIL = 2
"""Percentile of the ink's levels: that of print under such a stamp."""
_SHINES = 0.33
"""Of the print between the strokes, what is seen within them: under 0.25 where they hide it, over
0.45 where it shines through."""
_REACH = 3
"""Pixels round a hidden one from which it is guessed."""


def others_of(picture: Picture, channel: int) -> Mask:
    """How bright an RGB picture is where ink of a channel's colour is dark."""
    red, green, blue = cv2.split(picture)
    # Blue ink may be as green as it is blue.
    return np.asarray(cv2.max(green, blue) if channel == 0 else red, np.uint8)


def colour_of(picture: Picture, channel: int) -> Mask:
    """By how many levels a channel stands out."""
    return np.asarray(cv2.subtract(picture[..., channel], others_of(picture, channel)), np.uint8)


def hides_print(ink: Mask, black: Mask) -> bool:
    """Whether strokes of ink hide the print that they lie on; both are 0 or 1, of a small picture.

    Where print shines through the ink there is as much of it within the strokes as between them.
    """
    whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    within = cv2.erode(whole, np.ones((3, 3), np.uint8)) > 0
    if not within.any() or whole.all():
        return False
    return bool(black[within].mean() < _SHINES * black[whole == 0].mean())


def veils_print(shade: Mask, ink: Mask, black: Mask) -> bool:
    """Whether print shows dimly within strokes of ink: `shade` is how bright the ink's own channel
    is, 0 to 255; the others are 0 or 1, all of a small picture."""
    whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    within = shade[cv2.erode(whole, np.ones((3, 3), np.uint8)) > 0]
    if len(within) == 0 or whole.all():
        return False
    dim = within < _VEILED * np.percentile(within, _PALEST)
    return bool(dim.mean() >= _DIM * black[whole == 0].mean())


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
    shade = part[..., channel].astype(np.float32)
    if veils:
        part[near] = (_unveiled(part, shade, channel, ink, paper)[..., None] * paper)[near]
        return
    raised = float(min(np.percentile(shade[ink], _DARKEST), paper[channel]))
    bright = np.minimum(1.0, shade / max(1.0, raised))
    part[near] = (bright[..., None] * paper).astype(np.uint8)[near]


def _unveiled(
    part: Picture,
    shade: NDArray[np.float32],
    channel: int,
    ink: NDArray[np.bool_],
    paper: NDArray[np.float64],
) -> NDArray[np.float32]:
    """How bright (H, W) what lies under half transparent ink is, 0 to 1.

    The ink adds as much colour to print as to paper: that tells how much of it a pixel has.
    """
    colour = colour_of(part, channel).astype(np.float32)
    share = np.minimum(1.0, colour / float(np.percentile(colour[ink], _FULL)))
    darkest, brightest = (float(np.percentile(shade[ink], p)) for p in (_VEIL, _PALEST))
    black = share * darkest
    white = share * brightest + (1 - share) * float(paper[channel])
    bright = np.clip((shade - black) / np.maximum(1.0, white - black), 0, 1)
    return np.asarray(bright, np.float32)


def _go_round(part: Picture, channel: int, ink: NDArray[np.bool_], near: NDArray[np.bool_]) -> None:
    colour = colour_of(part, channel).astype(np.float32)
    full = float(np.percentile(colour[ink], _FULL))
    share = np.minimum(1.0, colour / full)
    hidden = share > _HIDDEN
    # The ink's own channel: there a share that is a little wrong, as in a JPEG, makes no print.
    shade = part[..., channel]
    mixed = (shade - share * np.median(shade[hidden])) / np.maximum(1 - share, 1 - _HIDDEN)
    grey = np.clip(mixed, 0, 255).astype(np.uint8)
    grey = np.asarray(cv2.inpaint(grey, hidden.astype(np.uint8), _REACH, cv2.INPAINT_NS), np.uint8)
    touched = near & (share > _TOUCHED)
    part[touched] = grey[touched][:, None]
