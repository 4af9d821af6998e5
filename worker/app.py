"""The Celery app of the workers: one task, which reads a slice with a reader that is loaded once.

`celery -A worker.app worker` starts a worker as `python -m worker` does; `inspect` and `status`
find the running ones.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import structlog
from celery import Task, signals
from celery.concurrency import get_implementation
from celery.worker.consumer import Consumer
from celery.worker.control import inspect_command
from celery.worker.request import Request
from celery.worker.state import reserved_requests

from shared.broker import READ, make_celery, queue_of
from shared.errors import ServiceError, SettingError, StaleAttempt, Unavailable
from shared.log import set_up_logging
from shared.observing.serving import serve
from shared.running.starting import await_stores
from shared.settings import load_settings
from shared.store import keys
from worker.watchdog import STUCK_EXIT_CODE

if TYPE_CHECKING:
    from worker.runtime import Runtime

CONFIG_EXIT_CODE = 78  # EX_CONFIG of sysexits.h
_REST_S = 2
_log = structlog.get_logger()
_runtimes: list[Runtime] = []
_consumers: list[Any] = []
_waiting = threading.Event()
"""Whether a consumer may have as many messages as threads; noted in its own thread alone."""

try:
    settings = load_settings()
except SettingError as error:
    print(f"docchu: {error.detail}", file=sys.stderr)
    raise SystemExit(CONFIG_EXIT_CODE) from error
app = make_celery(settings)
app.conf.worker_consumer = "worker.app:PatientConsumer"


class PatientConsumer(Consumer):  # type: ignore[misc]
    """Asks a store that answers, and takes no writes, again after a moment: for one that does not
    answer Celery waits by itself."""

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        super().on_connection_error_before_connected(exc)
        self._rest(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        super().on_connection_error_after_connected(exc)
        self._rest(exc)

    def _rest(self, error: Exception) -> None:
        if isinstance(error, self.channel_errors):
            time.sleep(_REST_S)


class SliceRequest(Request):  # type: ignore[misc]
    """A message on its way through the worker: it is gone from the queue already (broker.py).

    To acknowledge it would write to the store for nothing. Instead the consumer is told where it
    waits for a thread, since with `acks_late` that comes when one is free again: by itself it looks
    for the next message once in a while.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Before the consumer counts this one: so it never waits without the note.
        _look(num_more=1)

    def acknowledge(self) -> None:
        self.acknowledged = True
        if _waiting.is_set():
            for consumer in _consumers:
                consumer.call_soon(_look)


def _look(num_more: int = 0) -> None:
    """Note whether a consumer is full: cleared by another thread, the note of a message that comes
    that moment could be lost."""
    num = len(reserved_requests) + num_more
    if any(num >= one.pool.num_processes for one in _consumers):
        _waiting.set()
    else:
        _waiting.clear()


@app.task(  # type: ignore[untyped-decorator]
    name=READ, bind=True, acks_late=True, throws=(ServiceError, StaleAttempt), Request=SliceRequest
)
def read(task: Task) -> None:
    """Read the slice that is next, if any waits: another worker may have been faster."""
    woken_by = task.request.delivery_info["routing_key"].removeprefix(keys.WAKEUPS)
    for runtime in _runtimes:
        try:
            runtime.take_next(woken_by)
        except ServiceError as error:
            _log.warning("slice requeued; trying again in a moment", reason=error.reason)
            runtime.rest()
            raise
        except StaleAttempt:
            _log.warning("slice went to another attempt; this one is dropped")
            raise


@inspect_command()  # type: ignore[untyped-decorator]
def reading(state: Any) -> list[dict[str, object]]:
    """Which slices are being read: job, slice, pages, since when."""
    return [one for runtime in _runtimes for one in runtime.reading()]


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _logging(**_: object) -> None:
    set_up_logging(settings)


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _start(sender: Any, **_: object) -> None:
    """Load the model before the first message is taken.

    Celery would log what is raised here, and take messages without a reader.
    """
    set_up_logging(settings)
    try:
        serve(settings, "worker")
        from worker.runtime import Runtime  # torch, which Celery's tools have no use for

        if get_implementation(sender.pool_cls) is not get_implementation("threads"):
            raise SettingError("A worker reads with threads: leave out --pool.")
        await_stores(settings)
        own = settings.model_copy(update={"worker_slices": sender.concurrency})
        _runtimes.append(Runtime.start(own))
    except (SettingError, Unavailable) as error:
        _log.error("worker cannot start", reason=error.reason)
        raise SystemExit(CONFIG_EXIT_CODE) from error
    except Exception as error:
        _log.exception("worker cannot start")
        raise SystemExit(STUCK_EXIT_CODE) from error
    _select(_runtimes[-1].hears)


def _select(needs: Iterable[str]) -> None:
    for need in needs:
        app.amqp.queues.select_add(queue_of(need))


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _listen(sender: Any, **_: object) -> None:
    """Take messages, of what the worker can read at any time: models come and go."""

    def hear(needs: Iterable[str]) -> None:
        wanted = {keys.wakeups(need) for need in needs}
        heard = set(app.amqp.queues.consume_from)
        _select(needs)
        for name in wanted - heard:
            sender.add_task_queue(name)
        for name in heard - wanted:
            sender.cancel_task_queue(name)

    _consumers.append(sender)
    for runtime in _runtimes:
        runtime.listen(lambda needs: sender.call_soon(hear, needs))


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: object) -> None:
    # Inside a signal handler: only say it, the runtime's own thread does the rest.
    for runtime in _runtimes:
        runtime.stop()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _close(**_: object) -> None:
    while _runtimes:
        _runtimes.pop().close()
