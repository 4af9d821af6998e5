"""The `/metrics` of a worker and of a keeper, which have no HTTP of their own.

A worker may be several processes, and starts another for what is suspect: their figures are added
up, as prometheus_client does that, through files that it shares. It looks whether it is to do so
when it is imported, so nothing here imports it before.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Literal

from shared.errors import SettingError
from shared.settings import Settings, host_and_port

_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_PLACES = {"worker": 0, "keeper": 1}  # both may run on a machine, with the same settings


def folder_of_figures() -> str:
    """A new folder in which the processes of a program put their figures together.

    In memory, where there is a place for that: who writes to such a file on a full disk is ended.
    """
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    return tempfile.mkdtemp(prefix="docchu-figures-", dir=in_memory)


def serve(settings: Settings, program: Literal["worker", "keeper"]) -> None:
    """Serve figures, if there is an address for that. To be called before any is declared.

    Raises SettingError where the address cannot be listened on.
    """
    if not settings.metrics_bind or _SHARED in os.environ:
        return  # nobody asks, or the process that started this one serves those of both
    if program == "worker":
        os.environ[_SHARED] = folder = folder_of_figures()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    from shared.observing.machine import Cards, Disk

    registry = REGISTRY
    if program == "worker":
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        if settings.device != "cpu":
            registry.register(Cards())
    registry.register(Disk(settings.data_dir))
    host, port = host_and_port(settings.metrics_bind)
    try:
        start_http_server(port + _PLACES[program], host, registry)
    except OSError as error:
        raise SettingError(
            f"DOCCHU_METRICS_BIND={settings.metrics_bind} cannot be listened on by a {program} "
            f"(port {port + _PLACES[program]}): {error.strerror}. Each one of a machine wants its "
            "own, or none."
        ) from error
