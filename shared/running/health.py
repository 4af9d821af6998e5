"""Whether a process of this container works: `python -m shared.running.health NAME`."""

from __future__ import annotations

import socket
import sys
import urllib.request

from shared.errors import DocchuError
from shared.settings import Settings, load_settings
from shared.store.scripts import connect
from shared.store.workers import Canary, Workers


def api(settings: Settings) -> bool:
    """Whether the API answers."""
    url = f"http://127.0.0.1:{settings.port}/healthz"
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)


def worker(settings: Settings) -> bool:
    """Whether the worker of this host gave a sign of life lately."""
    alive = Workers(connect(settings.store_url)).alive()
    return any(info.id.startswith(f"{socket.gethostname()}-") for info in alive)


def keeper(settings: Settings) -> bool:
    """Whether the keeper goes its rounds: it sends the canary, or waits for it."""
    return Canary(connect(settings.store_url), settings.canary_interval_s).is_kept_up()


_CHECKS = {"api": api, "worker": worker, "keeper": keeper}


def main() -> None:
    """Exit with 0 if it does."""
    try:
        well = _CHECKS[sys.argv[1]](load_settings())
    except (DocchuError, OSError) as error:
        sys.exit(f"unhealthy: {error}")
    sys.exit(0 if well else "unhealthy")


if __name__ == "__main__":
    main()
