"""Runs a worker that has another reader than the real one."""

from __future__ import annotations

import sys

from shared.jobs import Model
from shared.settings import Settings
from shared.store.scripts import connect
from worker.__main__ import main
from worker.models import OneModel
from worker.models import Reader as AnyReader
from worker.runtime import Runtime
from worker.suspects import main as read_suspects

_SUSPECTS = "suspects"


def run(module: str, reader: AnyReader, name: str) -> None:
    """Be the worker `python -m module`, or the process that reads its suspect slices."""
    model = Model(name=name, version="1", sha256="00" * 32)

    def start(settings: Settings) -> Runtime:
        client, models = connect(settings.store_url), OneModel(reader, model)
        return Runtime(settings, client, models, None if is_apart else (module, _SUSPECTS))

    is_apart = sys.argv[1:] == [_SUSPECTS]
    if is_apart:
        read_suspects(start)
    else:
        Runtime.start = start  # type: ignore[method-assign, assignment]
        main(module)
