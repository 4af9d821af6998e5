"""A worker whose reader reads nothing, so that what is left is the cost of the queue."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.jobs import Model
from shared.result import Page
from shared.settings import Settings
from shared.store.scripts import connect
from worker.__main__ import main
from worker.models import OneModel
from worker.ocr.reader import Reading, Timings
from worker.runtime import Runtime
from worker.suspects import main as read_suspects

_THIS = "bench.null_worker"
_MODEL = Model(name="null", version="1", sha256="00" * 32)


class NullReader:
    """Says of every page that there is nothing on it."""

    def read(self, picture: NDArray[np.uint8], page: int, **_: object) -> Reading:
        height, width = picture.shape[:2]
        return Reading(Page(page=page, width=width, height=height, lines=()), Timings(0, 0))


def start(settings: Settings, suspects: Sequence[str] | None = (_THIS, "suspects")) -> Runtime:
    """A worker, or with `suspects` None the process that reads its suspect slices."""
    return Runtime(settings, connect(settings.store_url), OneModel(NullReader(), _MODEL), suspects)


if __name__ == "__main__":
    if sys.argv[1:] == ["suspects"]:
        read_suspects(lambda settings: start(settings, None))
    else:
        Runtime.start = start  # type: ignore[assignment]
        main()
