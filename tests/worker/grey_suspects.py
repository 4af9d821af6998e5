"""The process that reads suspect slices, with the tests' reader: white pages never end."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from shared.settings import Settings
from shared.store.scripts import connect
from tests.worker.stories import GREY, GreyReader
from worker.models import OneModel
from worker.ocr.layer.words import Hint
from worker.ocr.reader import Reading
from worker.ocr.recognition.batch_client import UNWATCHED, Watch
from worker.runtime import Runtime
from worker.suspects import main

WHITE = 255


class HangingReader(GreyReader):
    def read(
        self,
        picture: NDArray[np.uint8],
        page: int,
        *,
        job: str = "",
        watch: Watch = UNWATCHED,
        hint: Hint | None = None,
    ) -> Reading:
        while picture[0, 0, 0] == WHITE:
            time.sleep(1)  # deaf to what the watch would tell
        return super().read(picture, page, job=job, watch=watch, hint=hint)


def start(settings: Settings) -> Runtime:
    return Runtime(
        settings, connect(settings.store_url), OneModel(HangingReader(), GREY), suspects=None
    )


if __name__ == "__main__":
    main(start)
