"""Logs of every process: one JSON object a line on standard error, ids yes, contents never."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import structlog

from shared.errors import Unavailable
from shared.settings import Settings

_log = structlog.get_logger()
_SELDOM_S = 60
_MAX_KNOWN = 100  # reasons, which may name ports


def set_up_logging(settings: Settings) -> None:
    """Send our own log and the libraries' to standard error."""
    level = getattr(logging, settings.log_level.upper())
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, stamp],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


class AwayLog:
    """Tells why the store is away, of each reason once a minute: everything that a process does by
    itself comes upon it, many times a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at: dict[str | None, float] = {}

    def tell(self, error: Unavailable, **facts: object) -> None:
        """Log it, unless that was done a moment ago."""
        now = self._clock()
        told_at = self._told_at.get(error.reason)
        if told_at is not None and now < told_at + _SELDOM_S:
            return
        if len(self._told_at) >= _MAX_KNOWN:
            self._told_at.clear()
        self._told_at[error.reason] = now
        _log.warning("store is away; trying again", reason=error.reason, **facts)


tell_away = AwayLog().tell
"""Of this process."""
