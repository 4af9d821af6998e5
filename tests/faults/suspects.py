"""The process that reads suspect slices, with the reader of the fault suite."""

from __future__ import annotations

from shared.settings import Settings
from shared.store.scripts import connect
from tests.faults.documents import ColourReader
from tests.worker.stories import GREY
from worker.models import OneModel
from worker.runtime import Runtime
from worker.suspects import main


def start(settings: Settings) -> Runtime:
    return Runtime(
        settings, connect(settings.store_url), OneModel(ColourReader(), GREY), suspects=None
    )


if __name__ == "__main__":
    main(start)
