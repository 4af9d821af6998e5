"""Celery between store and workers: a message says that a slice waits, the store says which one.

The script that queues a slice writes its message in the same step (`wake` in `store/lua/_job.lua`),
so that nothing is accepted of which no worker hears. A message may be lost (the keeper writes
another one) or repeated (there is nothing to claim). So it is taken without acknowledgement: Celery
on Redis would otherwise bring messages back on its own, run them twice after the visibility
timeout, and write to the append-only file three times more.

Each need (`shared/store/needs.py`) has a queue of its own: a worker listens to those that it meets.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from celery import Celery
from kombu.connection import Connection
from kombu.entity import Queue

from shared.settings import Settings
from shared.store import keys, sentinel
from shared.store.needs import PLAIN

READ = "docchu.read"
"""The one task: read the slice that is next."""


def queue_of(need: str) -> Queue:
    """Celery's queue of those who can read this."""
    name = keys.wakeups(need)
    return Queue(name, routing_key=name, no_ack=True)  # type: ignore[no-untyped-call]


def make_celery(settings: Settings) -> Celery:
    """Make the Celery app of the workers, and of Celery's own tools."""
    url, transport = settings.broker_url, dict[str, Any]()
    if url.startswith(sentinel.SCHEME):
        url, transport = sentinel.broker(url)
    app = Celery("docchu", broker=url, set_as_current=False)
    app.conf.update(
        _MESSAGES,
        task_queues=[queue_of(PLAIN)],
        task_create_missing_queues=False,
        worker_pool="threads",  # CUDA does not survive a fork, and the model is loaded once
        worker_concurrency=settings.worker_slices,
        # Unacknowledged messages do not count for prefetching: without this one worker would take
        # all of them at once.
        worker_disable_prefetch=True,
        worker_disable_rate_limits=True,
        worker_send_task_events=settings.task_events == "on",
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A store that takes no writes (no replica, a full disk) is one that is away, and no reason
        # for a worker to end.
        broker_channel_error_retry=True,
        broker_transport_options={
            "health_check_interval": 25,  # seconds
            "socket_keepalive": not settings.embedded,  # a socket file knows no keepalive
            "socket_timeout": 30,  # seconds
            "socket_connect_timeout": 5,  # seconds
            "client_name": "docchu",
            # What is urgent the store decides: else each wait names every queue four times.
            "priority_steps": [0],
            **transport,
        },
    )
    return app


_MESSAGES = {
    "task_ignore_result": True,
    "task_default_queue": keys.wakeups(PLAIN),
    "task_serializer": "json",
    "accept_content": ["json"],
}


@cache
def message_template() -> str:
    """The message as Celery sends it, with `@need@` and `@id@` where each one is different.

    Celery sends it here to a broker in memory, where it is found as it would lie in Redis.
    """
    app = Celery("docchu", set_as_current=False)
    app.conf.update(_MESSAGES)
    queue = queue_of("@need@")
    with Connection("memory://") as connection:  # type: ignore[no-untyped-call]
        app.send_task(READ, task_id="@id@", queue=queue, connection=connection, retry=False)
        channel = connection.default_channel
        message = channel._get(queue.name)
        channel._delete(queue.name)
    message["properties"]["delivery_tag"] = "@id@"
    return json.dumps(message)
