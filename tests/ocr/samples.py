"""Pictures of known text, set in Noto Serif and Noto Sans: a decree, a receipt, columns, lines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import nn

from shared.result import Page
from training.measuring.scoring import distance, normalise
from worker.ocr.networks.detector import Detector
from worker.ocr.networks.library import recognizer_of
from worker.ocr.networks.weights import bundled, load_verified

Picture = NDArray[np.uint8]

_FOLDER = Path(__file__).parent / "data"


def picture_of(name: str) -> Picture:
    """The RGB picture (H, W, 3) `decree`, `receipt`, `columns`, `line` or `short`."""
    return cv2.cvtColor(cv2.imread(str(_FOLDER / f"{name}.png")), cv2.COLOR_BGR2RGB)


def text_of(name: str) -> str:
    """What it says, a line each, in reading order."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def text_read(page: Page) -> str:
    """The lines of a page, one below the other."""
    return "\n".join(line.text for line in page.lines)


def reads_as(page: Page, name: str, *, errors: float = 0.02) -> bool:
    """Whether a page says what the picture of that name says, in its order, but for few letters."""
    wanted, read = normalise(text_of(name)), normalise(text_read(page))
    return distance(wanted, read) <= errors * len(wanted)


def on_canvas(*parts: tuple[Picture, int, int], height: int, width: int) -> Picture:
    """A white page with pictures at (x, y)."""
    page = np.full((height, width, 3), 255, np.uint8)
    for picture, x, y in parts:
        page[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return page


def tilted(picture: Picture, degrees: float) -> Picture:
    """The picture turned by some degrees counter-clockwise, on a canvas that holds it."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(height * sine + width * cosine), round(height * cosine + width * sine)
    matrix[:, 2] += (size[0] / 2 - width / 2, size[1] / 2 - height / 2)
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255))


def networks() -> tuple[Detector, nn.Module]:
    """The detector and the default recogniser, exact."""
    detector = Detector()
    load_verified(detector, bundled("detector"))
    return detector, recognizer_of("vi-print", None).network


def noise(height: int, width: int, seed: int = 1) -> Picture:
    """What no scaling is kind to, with all grey levels."""
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    soft = cv2.GaussianBlur(levels, (0, 0), 1.0)
    return np.asarray(cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX), np.uint8)
