"""The broker as a wakeup: a message says that a slice waits, not which; the store decides that.

The script that queues a slice rings in the same step (`ring` in `lua/_job.lua`), so that nothing is
accepted and then not rung for. A message may be lost (the keeper rings again) or repeated (there is
nothing to claim). So it is taken without acknowledgement: Celery on Redis would otherwise bring
messages back on its own, run them twice after the visibility timeout, and write to the append-only
file three times more.
"""

from __future__ import annotations

from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from shared.errors import Unavailable
from shared.settings import Settings
from shared.store import keys
from shared.store.scripts import store_faults

RING = "docchu.ring"
QUEUE = keys.DOORBELL


def make_celery(settings: Settings) -> Celery:
    """Make the Celery app of the API (which only sends) and of the workers."""
    app = Celery("docchu", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_queues=[Queue(QUEUE, no_ack=True)],  # type: ignore[no-untyped-call]
        task_default_queue=QUEUE,
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        # Unacknowledged messages do not count for prefetching: without this one worker would take
        # all of them at once.
        worker_disable_prefetch=True,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "health_check_interval": 25,  # seconds
            "socket_keepalive": not settings.embedded,  # a socket file knows no keepalive
            "socket_timeout": 30,  # seconds
            "socket_connect_timeout": 5,  # seconds
            "client_name": "docchu",
        },
    )
    return app


class Doorbell:
    """Tells the workers that slices wait, where the store's own message was lost."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring(self) -> None:
        """Send a message. Raises Unavailable."""
        try:
            self._app.send_task(RING, retry=False, ignore_result=True)
        except OperationalError as error:
            raise Unavailable from error

    def num_waiting(self) -> int:
        """Messages that no worker has taken yet. Raises Unavailable."""
        try:
            with store_faults(), self._app.connection_for_read() as connection:
                return int(connection.default_channel.client.llen(QUEUE))
        except OperationalError as error:
            raise Unavailable from error
