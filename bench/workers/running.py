"""Runs a worker that has another reader than the real one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from shared.jobs import Model
from shared.observing.serving import serve
from shared.settings import Settings, load_settings
from shared.store.scripts import connect
from worker.__main__ import main

if TYPE_CHECKING:
    from worker.models import Reader as AnyReader
    from worker.runtime import Runtime

_SUSPECTS = "suspects"


def run(module: str, reader: AnyReader, name: str) -> None:
    """Be the worker `python -m module`, or the process that reads its suspect slices."""
    serve(load_settings(), "worker")  # before a figure is declared
    from worker.models import OneModel
    from worker.runtime import Runtime
    from worker.suspects import main as read_suspects

    model = Model(name=name, version="1", sha256="00" * 32)

    def start(settings: Settings) -> Runtime:
        client, models = connect(settings.store_url), OneModel(reader, model)
        return Runtime(settings, client, models, None if is_apart else (module, _SUSPECTS))

    is_apart = sys.argv[1:] == [_SUSPECTS]
    if is_apart:
        read_suspects(start)
    else:
        Runtime.start = start  # type: ignore[method-assign]
        main(module)
