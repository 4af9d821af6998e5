"""The Celery app of the workers: one task, the doorbell, over a reader that is loaded once."""

from __future__ import annotations

import structlog
from celery import signals

from shared.broker import RING, make_celery
from shared.errors import ServiceError, SettingError, StaleAttempt
from shared.log import set_up_logging
from shared.running.starting import await_stores
from shared.settings import load_settings
from worker.runtime import Runtime
from worker.watchdog import STUCK_EXIT_CODE

settings = load_settings()
app = make_celery(settings)
_log = structlog.get_logger()
CONFIG_EXIT_CODE = 78  # EX_CONFIG of sysexits.h
_runtimes: list[Runtime] = []


@app.task(name=RING)  # type: ignore[untyped-decorator]
def ring() -> None:
    """A slice waits: read the one that is next in line, and on until none is left.

    Going on keeps the threads busy under load, whatever becomes of further messages.
    """
    for runtime in _runtimes:
        try:
            while runtime.take_next():
                pass
        except ServiceError as error:
            _log.warning("slice requeued; trying again in a moment", reason=error.reason)
            runtime.rest()
        except StaleAttempt:
            _log.warning("slice went to another attempt; this one is dropped")


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _logging(**_: object) -> None:
    set_up_logging(settings)


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _start(**_: object) -> None:
    """Load the model before the first message is taken.

    Celery would log what is raised here, and take messages without a reader.
    """
    try:
        await_stores(settings)
        _runtimes.append(Runtime.start(settings))
    except SettingError as error:
        _log.error("worker cannot start", reason=error.reason)
        raise SystemExit(CONFIG_EXIT_CODE) from error
    except Exception as error:
        _log.exception("worker cannot start")
        raise SystemExit(STUCK_EXIT_CODE) from error


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _listen(**_: object) -> None:
    for runtime in _runtimes:
        runtime.listen()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: object) -> None:
    # Inside a signal handler: only say it, the runtime's own thread does the rest.
    for runtime in _runtimes:
        runtime.stop()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _close(**_: object) -> None:
    while _runtimes:
        _runtimes.pop().close()
