"""Documents that bear a number which needs no model to be read, and a worker that reads it:
`python -m bench.workers.marked`."""

from __future__ import annotations

import io
import os
import time

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.workers.running import run
from shared.result import Line, Page
from worker.ocr.reader import Reading, Timings

_NUM_BITS = 24
_BIT_PX = 4
_BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def text_of(number: int) -> str:
    """What the reader says of the document with this number."""
    return f"Hồ sơ số {number}"


def picture_of(number: int) -> bytes:
    """A picture that bears a number below 2**24: columns of black and white, a bit each."""
    bits = np.array([number >> bit & 1 for bit in range(_NUM_BITS)], np.uint8)
    row = np.repeat(bits * 255, _BIT_PX)
    file = io.BytesIO()
    Image.fromarray(np.tile(row, (16, 1))).save(file, "PNG")
    return file.getvalue()


class MarkReader:
    """Says the number that a page bears; takes some seconds for it if told so."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s

    def read(self, picture: NDArray[np.uint8], page: int, **_: object) -> Reading:
        time.sleep(self._delay_s)
        bits = picture[8, _BIT_PX // 2 :: _BIT_PX, 0] > 127
        number = sum(1 << bit for bit, is_set in enumerate(bits) if is_set)
        line = Line(text=text_of(number), confidence=1, box=_BOX, words=())
        height, width = picture.shape[:2]
        return Reading(Page(page=page, width=width, height=height, lines=(line,)), Timings(0, 0))


if __name__ == "__main__":
    reader = MarkReader(float(os.environ.get("BENCH_READ_S", "0")))
    run("bench.workers.marked", reader, "marked")
