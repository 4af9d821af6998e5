"""The keeper's fetcher: documents that are named by a URL come in, and their jobs wait to be read.

Beside the rounds, as webhooks are sent: a silent server holds one of the places for documents, and
no API request, no worker and no recovery.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from keeper import metrics
from keeper.errands import Dispatcher, Places
from shared.blobs import INPUT, BlobNotFound, BlobStore, open_blobs
from shared.errors import (
    AddressRefused,
    DocchuError,
    EmptyDocument,
    FetchFailed,
    RequestError,
    ServiceError,
    Unavailable,
)
from shared.incoming.sinks import UploadSink, document_in
from shared.jobs import Document
from shared.observing import tracing
from shared.outgoing.addresses import Resolver, check, resolve
from shared.outgoing.fetching import fetch
from shared.running.failpoints import reach
from shared.settings import Network, Settings
from shared.store.errands.fetches import Fetch, FetchQueue
from shared.store.scripts import Client, Clock, server_clock

_log = structlog.get_logger()
# A lease leaves the timeout once more, for resolving the name and for disk and store.
_LEASE_TIMEOUTS, _LEASE_SLACK_S = 2, 1
_REST_S = 2  # after a fault of the service
_PIECE_BYTES = 1 << 20


@dataclass
class Fetcher:
    """Fetches what is due, as much at once as there are places for."""

    queue: FetchQueue
    blobs: BlobStore
    places: Places
    max_bytes: int
    timeout_s: float
    lease_s: float
    allow: Sequence[Network] = ()
    resolver: Resolver = resolve
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def __post_init__(self) -> None:
        self.dispatcher = Dispatcher("fetch", self.queue, self.places, self.lease_s, self._do)

    def _do(self, wanted: Fetch, leased_until: float) -> bool | None:
        """Fetch one document; whether its host answered, None if it was not asked."""
        answered: bool | None = True
        reach("fetching.taken")
        try:
            document = self._stored(wanted, leased_until)
        except ServiceError as error:
            _log.warning("document comes later", reason=error.reason, **wanted.names)
            self.queue.again(wanted, _REST_S)
            metrics.FETCHES.labels("again").inc()
            return None
        except RequestError as error:
            problem: DocchuError = error
            if isinstance(error, AddressRefused):
                answered = None
            elif isinstance(error, FetchFailed) and error.__cause__:
                answered = False
            outcome = self.queue.failed(wanted, problem)
            _log.info(
                "document cannot be fetched", code=error.code, outcome=outcome, **wanted.names
            )
        else:
            reach("fetching.kept")
            outcome = self.queue.done(wanted, document)
            _log.info("document fetched", size=document.size, outcome=outcome, **wanted.names)
        metrics.FETCHES.labels(outcome).inc()
        reach("fetching.ended")
        # Of a job that ended first, nobody reads the document; of a lost one, somebody may.
        if outcome == "ended" or (outcome == "lost" and self.queue.is_gone(wanted)):
            self.blobs.delete_job(wanted.tenant, wanted.id)
        return answered

    def _stored(self, wanted: Fetch, leased_until: float) -> Document:
        """The document, once its bytes are stored."""
        try:
            # An attempt that died may have stored it: what is there once is never another.
            return self._known(wanted)
        except BlobNotFound:
            pass
        with self.blobs.upload() as upload:
            sink = UploadSink(upload, self.max_bytes, keep=lambda: None)
            self._fetch(wanted, sink, leased_until)
            if upload.size == 0:
                raise EmptyDocument("The address answered with nothing.")
            document = document_in(upload, wanted.name)
            if self.blobs.keep_first(upload, wanted.tenant, wanted.id, INPUT):
                return document
        return self._known(wanted)

    def _known(self, wanted: Fetch) -> Document:
        """What is stored. Raises BlobNotFound."""
        with (
            self.blobs.local(wanted.tenant, wanted.id, INPUT) as path,
            self.blobs.upload() as upload,
        ):
            try:
                with path.open("rb") as file:
                    while piece := file.read(_PIECE_BYTES):
                        upload.write(piece)
            except OSError as error:
                raise Unavailable("The document's bytes cannot be read right now.") from error
            return document_in(upload, wanted.name)

    def _fetch(self, wanted: Fetch, sink: UploadSink, leased_until: float) -> None:
        try:
            target = check(wanted.url, self.allow, self.resolver)
        except AddressRefused as error:
            if isinstance(error.__cause__, OSError):  # its name has no address, or none right now
                raise FetchFailed(error.detail) from error
            raise
        if time.monotonic() + self.timeout_s > leased_until:
            raise Unavailable("Resolving the name took too long.")
        with tracing.step("fetch", wanted.trace, "client", job=wanted.id):
            fetch(target, sink.write, self.max_bytes, self.timeout_s, context=self.context)


def make_fetcher(settings: Settings, client: Client, clock: Clock = server_clock) -> Fetcher:
    """Put a fetcher together; it connects when it is first used."""
    lease_s = _LEASE_TIMEOUTS * settings.fetch_timeout_s + _LEASE_SLACK_S
    return Fetcher(
        queue=FetchQueue(client, lease_s, clock),
        blobs=open_blobs(settings),
        places=Places(settings.fetch_threads, max(1, settings.fetch_threads // 2)),
        max_bytes=settings.max_upload_bytes,
        timeout_s=settings.fetch_timeout_s,
        lease_s=lease_s,
        allow=settings.allow_targets,
    )
