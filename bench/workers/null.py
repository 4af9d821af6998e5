"""A worker whose reader reads nothing, so that what is left is the cost of the queue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.workers.running import run
from shared.result import Page
from worker.ocr.reader import Reading, Timings


class NullReader:
    """Says of every page that there is nothing on it."""

    def read(self, picture: NDArray[np.uint8], page: int, **_: object) -> Reading:
        height, width = picture.shape[:2]
        return Reading(Page(page=page, width=width, height=height, lines=()), Timings(0, 0))


if __name__ == "__main__":
    run("bench.workers.null", NullReader(), "null")
