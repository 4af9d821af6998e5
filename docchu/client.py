"""Docchu from Python: submit a document, wait for its job, take the result."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from docchu.http.blocking import Taker, Transport, iteration, method
from docchu.http.retries import Sleep
from docchu.http.wire import Wire
from docchu.steps.batches import BatchSteps
from docchu.steps.jobs import JobSteps
from docchu.steps.webhooks import DeliverySteps, WebhookSteps

DEFAULT_URL = "http://127.0.0.1:8080"


class Batches(Taker[BatchSteps]):
    """The batches of a service: `Docchu(…).batches`. Every method raises DocchuError."""

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


class Webhooks(Taker[WebhookSteps]):
    """The webhooks of a service: `Docchu(…).webhooks`. Every method raises DocchuError."""

    register = method(WebhookSteps.register)
    all = method(WebhookSteps.all)
    get = method(WebhookSteps.get)
    change = method(WebhookSteps.change)
    delete = method(WebhookSteps.delete)
    rotate = method(WebhookSteps.rotate)
    test = method(WebhookSteps.test)
    secret = method(WebhookSteps.secret)
    rotate_secret = method(WebhookSteps.rotate_secret)


class Deliveries(Taker[DeliverySteps]):
    """What was sent to webhooks: `Docchu(…).deliveries`. Every method raises DocchuError."""

    all = iteration(DeliverySteps.all)
    get = method(DeliverySteps.get)
    redeliver = method(DeliverySteps.redeliver)


class Docchu(Taker[JobSteps]):
    """A Docchu service.

    `timeout_s`: seconds in which a part of an answer must come. `patience_s`: seconds of pauses in
    which a lost connection or a busy service (429, 503) is tried again; a service that has never
    answered is given up after 2. Usable by several threads at once. `batches` are for many
    documents at once. Every method raises DocchuError (see docchu.errors).
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
        sleep: Sleep = time.sleep,
    ) -> None:
        wire = Wire(base_url, api_key, timeout_s, patience_s)
        transport = Transport(wire, sleep)
        super().__init__(JobSteps(wire), transport)
        self.batches = Batches(BatchSteps(wire), transport)
        self.webhooks = Webhooks(WebhookSteps(wire), transport)
        self.deliveries = Deliveries(DeliverySteps(wire), transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()
