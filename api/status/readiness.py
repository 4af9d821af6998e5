"""Whether documents can be taken and read at this moment: what a submission would need is tried."""

from __future__ import annotations

import threading
import time
from typing import cast

from flask import current_app

from api.services import Services
from shared.errors import DocchuError, NotReady

_NAME = "docchu.readiness"
_AGAIN_S = 1.0  # anybody may ask, and each look writes to the disk


class Readiness:
    """Looks once a second at most, and remembers what it saw."""

    def __init__(self, parts: Services) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._looked_at = -_AGAIN_S
        self._found: DocchuError | None = None

    def check(self) -> None:
        """Raise NotReady or Unavailable with the reason."""
        with self._lock:
            if time.monotonic() - self._looked_at >= _AGAIN_S:
                self._found = self._look()
                self._looked_at = time.monotonic()
            found = self._found
        if found:
            raise type(found)(found.detail) from found.__cause__

    def _look(self) -> DocchuError | None:
        try:
            self._parts.blobs.tidy()
            self._parts.blobs.probe()
            self._parts.canary.probe()
            if not self._parts.workers.are_there():
                return NotReady("No worker is running.")
            trouble = self._parts.canary.trouble()
            return NotReady(trouble) if trouble else None
        except DocchuError as error:
            return error


def check_ready() -> None:
    """Raise NotReady or Unavailable for the app that handles the present request."""
    cast(Readiness, current_app.extensions[_NAME]).check()


def register(app_extensions: dict[str, object], parts: Services) -> Readiness:
    """Give the app its look-out."""
    app_extensions[_NAME] = made = Readiness(parts)
    return made
