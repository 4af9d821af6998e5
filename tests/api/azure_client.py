"""Azure's own client against a running API, and a worker played beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from azure.ai.documentintelligence import DocumentIntelligenceClient
from azure.core.credentials import AzureKeyCredential

from shared.blobs import open_blobs
from shared.errors import DocchuError
from shared.result import Page
from shared.settings import Settings
from shared.store.jobs.records import PageRecord
from shared.store.jobs.slices import Claim, PageTimings, SliceQueue
from tests.api.playing import MODEL
from tests.api.process import Process


@contextmanager
def client_of(running: Process, key: str = "any") -> Iterator[DocumentIntelligenceClient]:
    """The client as its users make it."""
    endpoint = f"http://127.0.0.1:{running.port}"
    with DocumentIntelligenceClient(endpoint, AzureKeyCredential(key)) as client:
        yield client


class Played:
    """A worker that reads the next documents as a test says."""

    def __init__(self, store: redis.Redis, settings: Settings) -> None:
        self._queue = SliceQueue(store, "ann", 10)
        self._blobs = open_blobs(settings)

    @contextmanager
    def reading(self, *pages: Page | DocchuError) -> Iterator[None]:
        """These are the pages of the next document; an error fails its page, alone the document."""
        over = threading.Event()

        def read() -> None:
            while not self._queue.num_ready() and not over.wait(0.01):
                pass
            if not over.is_set():
                self._read(*pages)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _read(self, *pages: Page | DocchuError) -> None:
        claim = self._queue.claim()
        assert isinstance(claim, Claim)
        if len(pages) == 1 and isinstance(pages[0], DocchuError):
            self._queue.fail(claim, pages[0])
            return
        if claim.pages is None:
            claim, _ = self._queue.open(claim, len(pages), range(1, len(pages) + 1), 100)
        for number, page in enumerate(pages, start=1):
            if isinstance(page, DocchuError):
                record = PageRecord(None, page.code, page.detail)
            else:
                record = PageRecord(f"page-{number}")
                data = page.model_dump_json().encode()
                self._blobs.put(claim.tenant, claim.job_id, f"page-{number}", data)
            self._queue.record(claim, number, record, PageTimings(), MODEL)
