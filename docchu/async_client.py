"""Docchu from asyncio: `AsyncDocchu`, with the methods of `Docchu`, to be awaited."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from docchu.client import DEFAULT_URL
from docchu.http.asynchronous import AsyncTaker, AsyncTransport, Sleep, iteration, method
from docchu.http.wire import Wire
from docchu.steps.batches import BatchSteps
from docchu.steps.jobs import JobSteps
from docchu.steps.webhooks import DeliverySteps, WebhookSteps


class AsyncBatches(AsyncTaker[BatchSteps]):
    """The batches of a service: `AsyncDocchu(…).batches`. Every method raises DocchuError."""

    open = method(BatchSteps.open)
    add = method(BatchSteps.add)
    upload_files = method(BatchSteps.upload_files)
    upload_zip = method(BatchSteps.upload_zip)
    upload_ndjson = method(BatchSteps.upload_ndjson)
    get = method(BatchSteps.get)
    wait = method(BatchSteps.wait)
    results = iteration(BatchSteps.results)
    archive = method(BatchSteps.archive)
    jobs = iteration(BatchSteps.jobs)
    all = iteration(BatchSteps.all)
    close = method(BatchSteps.close)
    cancel = method(BatchSteps.cancel)
    retry = method(BatchSteps.retry)
    erase = method(BatchSteps.erase)


class AsyncWebhooks(AsyncTaker[WebhookSteps]):
    """The webhooks of a service: `AsyncDocchu(…).webhooks`. Every method raises DocchuError."""

    register = method(WebhookSteps.register)
    all = method(WebhookSteps.all)
    get = method(WebhookSteps.get)
    change = method(WebhookSteps.change)
    delete = method(WebhookSteps.delete)
    rotate = method(WebhookSteps.rotate)
    test = method(WebhookSteps.test)
    secret = method(WebhookSteps.secret)
    rotate_secret = method(WebhookSteps.rotate_secret)


class AsyncDeliveries(AsyncTaker[DeliverySteps]):
    """What was sent to webhooks: `AsyncDocchu(…).deliveries`. Every method raises DocchuError."""

    all = iteration(DeliverySteps.all)
    get = method(DeliverySteps.get)
    redeliver = method(DeliverySteps.redeliver)


class AsyncDocchu(AsyncTaker[JobSteps]):
    """A Docchu service, for the tasks of one event loop; all else is as with `Docchu`.

    A task that is canceled stops waiting; the job goes on. Documents are read from disk, and
    `batches.archive` is written to it, in pieces between others' work.
    """

    read = method(JobSteps.read)
    submit = method(JobSteps.submit)
    rerun = method(JobSteps.rerun)
    job = method(JobSteps.job)
    wait = method(JobSteps.wait)
    result = method(JobSteps.result)
    export = method(JobSteps.export)
    text = method(JobSteps.text)
    tables = method(JobSteps.tables)
    fields = method(JobSteps.fields)
    cancel = method(JobSteps.cancel)
    erase = method(JobSteps.erase)
    jobs = iteration(JobSteps.jobs)
    models = method(JobSteps.models)

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        api_key: str | None = None,
        timeout_s: float = 30,
        patience_s: float = 60,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        wire = Wire(base_url, api_key, timeout_s, patience_s)
        transport = AsyncTransport(wire, sleep)
        super().__init__(JobSteps(wire), transport)
        self.batches = AsyncBatches(BatchSteps(wire), transport)
        self.webhooks = AsyncWebhooks(WebhookSteps(wire), transport)
        self.deliveries = AsyncDeliveries(DeliverySteps(wire), transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()
