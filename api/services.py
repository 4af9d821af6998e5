"""What the views work with, put together from the settings; nothing connects before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import cast

from flask import Flask, current_app

from api.http.grants import Grants
from api.http.waiters import Waiters
from api.server.aside import aside_blobs
from api.status.gauges import Gauges
from shared.blobs import BlobStore, open_blobs
from shared.bulk import BulkOperations
from shared.fields.template import Template, load_templates
from shared.running.failpoints import arm
from shared.settings import Settings
from shared.store.api_keys import ApiKeys
from shared.store.audit import AuditLog
from shared.store.batches.batches import BatchStore
from shared.store.batches.jobs import BatchJobs
from shared.store.batches.upkeep import BatchUpkeep
from shared.store.batches.uploads import BatchUploads
from shared.store.changes import Changes
from shared.store.jobs.corrections import Corrections
from shared.store.jobs.creating import Limits
from shared.store.jobs.idempotency import IdempotencyKeys
from shared.store.jobs.jobs import JobStore
from shared.store.jobs.making import Making
from shared.store.jobs.prints import PrintedJobs
from shared.store.overview import Overview
from shared.store.pauses import Pauses
from shared.store.scripts import connect
from shared.store.webhooks.deliveries import Deliveries
from shared.store.webhooks.outbox import Outbox
from shared.store.webhooks.webhooks import Webhooks
from shared.store.workers import Canary, Workers

_NAME = "docchu"
_MAX_CONNECTIONS = 64
"""To the store, of one process: each is held for a round trip only."""


@dataclass(frozen=True)
class Services:
    """The parts that one API process shares between its requests."""

    settings: Settings
    jobs: JobStore
    prints: PrintedJobs
    batches: BatchStore
    batch_jobs: BatchJobs
    batch_upkeep: BatchUpkeep
    batch_uploads: BatchUploads
    blobs: BlobStore
    corrections: Corrections
    idempotency: IdempotencyKeys
    making: Making
    api_keys: ApiKeys
    workers: Workers
    canary: Canary
    webhooks: Webhooks
    outbox: Outbox
    deliveries: Deliveries
    gauges: Gauges
    waiters: Waiters
    grants: Grants
    pauses: Pauses
    audit: AuditLog
    overview: Overview
    templates: Mapping[str, Template]

    @cached_property
    def templates_version(self) -> str:
        """What tells these templates from others."""
        digests = "".join(template.digest for template in self.templates.values())
        return sha256(digests.encode()).hexdigest()[:16]

    @property
    def bulk(self) -> BulkOperations:
        """What cancels, retries and erases the jobs of a batch."""
        return BulkOperations(
            self.batches,
            self.batch_upkeep,
            self.batch_jobs,
            self.jobs,
            self.blobs,
            self.settings,
        )


def make_services(settings: Settings) -> Services:
    """Put the services together."""
    arm(settings.failpoints_dir)
    client = connect(settings.store_url, max_connections=_MAX_CONNECTIONS)
    jobs, api_keys = JobStore(client, Limits.of(settings)), ApiKeys(client)
    batches = BatchStore(client)
    waiters = Waiters(settings.max_waiters, Changes(client))
    return Services(
        settings=settings,
        jobs=jobs,
        prints=PrintedJobs(client),
        batches=batches,
        batch_jobs=BatchJobs(client, batches, jobs),
        batch_upkeep=BatchUpkeep(client),
        batch_uploads=BatchUploads(client),
        blobs=aside_blobs(open_blobs(settings)),
        corrections=Corrections(client),
        idempotency=IdempotencyKeys(client),
        making=Making(client),
        api_keys=api_keys,
        workers=Workers(client),
        canary=Canary(client, settings.canary_interval_s),
        webhooks=Webhooks(client, settings.max_webhooks_per_tenant),
        outbox=Outbox(client, settings.delivery_ttl_s),
        deliveries=Deliveries(client, settings.delivery_ttl_s, settings.max_deliveries_per_tenant),
        gauges=Gauges(client),
        waiters=waiters,
        grants=Grants(api_keys, waiters.wake),
        pauses=Pauses(client),
        audit=AuditLog(client),
        overview=Overview(client),
        templates=load_templates(settings.templates_dir),
    )


def services() -> Services:
    """The services of the app that handles the present request."""
    return of_app(current_app)


def of_app(app: Flask) -> Services:
    """The services of an app."""
    return cast(Services, app.extensions[_NAME])


def install(app: Flask, parts: Services) -> None:
    """Give the app its services."""
    app.extensions[_NAME] = parts
