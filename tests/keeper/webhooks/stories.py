"""What the tests of webhooks share: a store with a held clock, and a sender in the test's hands."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from bench.receiver import Received
from docchu.webhooks import verify_webhook
from keeper.webhooks.retrying import Schedule
from keeper.webhooks.sender import Sender, make_sender
from shared.blobs.folder import FolderBlobs
from shared.errors.documents import DocumentDamaged
from shared.ids import new_id
from shared.jobs import Document, Job
from shared.options import Options
from shared.settings import Settings
from shared.store.jobs.records import NewJob
from shared.store.webhooks.deliveries import Deliveries
from shared.store.webhooks.outbox import Outbox
from shared.store.webhooks.sending import DueDelivery
from shared.store.webhooks.webhooks import Webhooks
from shared.webhooks import Delivery
from tests.shared.store_stories import DAY_S, Store, open_document, read_document, take

TENANT = "acme"
Event = dict[str, Any]


class Post(Store):
    """The store, the sender of one keeper, and the tenant's webhooks."""

    def __init__(self, client: redis.Redis, folder: Path, **changes: Any) -> None:
        super().__init__(client)
        given: dict[str, Any] = {"data_dir": folder, "webhook_timeout_s": 1.0, "webhook_jitter": 0}
        given |= {"allow_targets": "127.0.0.0/8"} | changes
        self.settings = Settings(**given)
        self.blobs = FolderBlobs(folder / "blobs")
        self.webhooks = Webhooks(client, clock=self.clock)
        self.outbox = Outbox(client, 30 * DAY_S, self.clock)
        self.log = Deliveries(
            client, 30 * DAY_S, self.settings.max_deliveries_per_tenant, self.clock
        )
        self.sender = self.another_sender()

    def another_sender(self) -> Sender:
        """The sender of another keeper."""
        return make_sender(self.settings, self.client, self.clock)

    def submit_for(self, url: str | None, tenant: str = TENANT, **options: Any) -> Job:
        """Accept a document whose end is told to this address."""
        document = Document(name="hoá đơn.pdf", media_type="application/pdf", size=3, sha256="00")
        wanted = Options(webhook_url=url, **options)
        new = NewJob(new_id("job"), tenant, document, wanted, DAY_S, 7 * DAY_S, 30 * DAY_S)
        return self.jobs.create(new)

    def succeed(self, url: str | None = None, **options: Any) -> Job:
        """Have a document read from beginning to end."""
        job = self.submit_for(url, **options)
        read_document(self.worker())
        return job

    def fail(self) -> None:
        """Fail the document that is next."""
        ann = self.worker()
        ann.fail(take(ann), DocumentDamaged())

    def send(self, sender: Sender | None = None) -> int:
        """One round of a keeper: fan out, then make every attempt that is due."""
        sender = sender or self.sender
        sender.fan_out()
        return sender.dispatcher.take_due(lambda send, due, until: send(due, until))

    def take(self, limit: int, sender: Sender | None = None) -> list[DueDelivery]:
        """Lease some deliveries of the tenant to the host that waits longest, and keep them."""
        queue = (sender or self.sender).queue
        return queue.take(TENANT, queue.hosts(TENANT, 1)[0], limit)

    def deliveries(self, **filters: Any) -> list[Delivery]:
        """The log, oldest first."""
        return self.log.newest(TENANT, **filters).deliveries[::-1]

    def with_chance(self, chance: Callable[[], float], jitter: float) -> None:
        """Decide what is left to chance."""
        delays = self.settings.webhook_schedule_s
        self.sender = dataclasses.replace(self.sender, schedule=Schedule(delays, jitter, chance))


def event_of(request: Received, secret: str, now_s: float) -> Event:
    """The event in a request, which must be signed."""
    event = verify_webhook(request.headers, request.body, secret, clock=lambda: now_s)
    assert json.loads(request.body) == event
    return event


__all__ = ["DAY_S", "TENANT", "Post", "event_of", "open_document", "take"]
