"""Takes a document in: claim its key, look for room, store the bytes, create the job."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256

import structlog
from pydantic import SecretStr

from api.jobs.fields import check_extract
from api.services import Services
from shared.blobs import INPUT, PASSWORD, BlobNotFound, Upload
from shared.errors import AddressRefused, DocumentNotKept, Unavailable
from shared.ids import new_id
from shared.incoming.sinks import UploadSink, document_in
from shared.jobs import Document, Job
from shared.options import JobRequest
from shared.outgoing.addresses import check_briefly
from shared.running.failpoints import reach
from shared.settings import Settings
from shared.store.jobs.idempotency import Answered, Claimed
from shared.store.jobs.jobs import Room
from shared.store.jobs.records import NewJob

_log = structlog.get_logger()


@dataclass(frozen=True)
class Received:
    """What a request brought: its document's bytes are in the upload by now.

    `url` is where the document is, if the caller named it by that: the keeper fetches it. `again`
    is the job whose document is to be read once more.
    """

    options: JobRequest
    name: str | None = None
    url: str | None = None
    password: SecretStr | None = None
    again: Job | None = None


Receive = Callable[[UploadSink], Received]
"""Reads a request into the sink."""


@dataclass(frozen=True)
class Taken:
    """The job of a request, and whether an earlier request made it.

    `in_batch`: that was found by its place in its batch. `room`: what there was before it.
    """

    job: Job
    replayed: bool = False
    in_batch: bool = False
    room: Room | None = None


def take(parts: Services, tenant: str, receive: Receive, key: str | None = None) -> Taken:
    """Accept a document, or find the job that its Idempotency-Key stands for.

    Raises IdempotencyInFlight, IdempotencyMismatch, QueueFull (before the body is read),
    EmptyDocument, UnsupportedMediaType, AddressRefused, InvalidOption, Unavailable, and what
    `receive` raises.
    """
    held = parts.idempotency.claim(tenant, key) if key is not None else None
    if isinstance(held, Answered):
        return _replay(parts, tenant, receive, held)
    try:
        room = parts.jobs.check_room(tenant)
        taken = _accept(parts, tenant, receive, held)
    except BaseException:
        _let_go(parts, held)
        raise
    if taken.replayed:
        _let_go(parts, held)
        return taken
    job = taken.job
    reach("api.created")
    _log.info("document accepted", job=job.id, size=job.document.size, type=job.document.media_type)
    return replace(taken, room=room)


def find_in_batch(parts: Services, tenant: str, options: JobRequest) -> Taken | None:
    """The job that has this place in its batch already, if the options name one.

    Raises BatchNotFound, BatchGone, BatchClosed, JobGone, InvalidOption.
    """
    options.check_place()
    if options.batch_id is None or options.custom_id is None:
        return None
    known = parts.batches.admit(tenant, options.batch_id, options.custom_id)
    return Taken(parts.jobs.get(tenant, known), replayed=True, in_batch=True) if known else None


def _let_go(parts: Services, held: Claimed | None) -> None:
    if held is not None:
        # Where a job was made after all, the key stands for it already and is not let go.
        with suppress(Unavailable):
            parts.idempotency.release(held)


def _replay(parts: Services, tenant: str, receive: Receive, answered: Answered) -> Taken:
    """Read the request once more, only to see whether it is the same."""
    with parts.blobs.upload() as upload:
        sink = UploadSink(upload, parts.settings.max_upload_bytes, keep=lambda: None)
        received = receive(sink)
        answered.check(_fingerprint(upload, received))
    return Taken(parts.jobs.get(tenant, answered.job_id), replayed=True)


def _accept(parts: Services, tenant: str, receive: Receive, held: Claimed | None) -> Taken:
    settings = parts.settings
    with parts.blobs.upload() as upload:
        keep = (lambda: parts.idempotency.keep(held)) if held else (lambda: None)
        received = receive(UploadSink(upload, settings.max_upload_bytes, keep))
        if known := find_in_batch(parts, tenant, received.options):
            return known
        check_webhook(received.options.webhook_url, settings)
        parts.workers.check_model(received.options.model)
        check_extract(parts, received.options.extract)
        new = _stored(parts, tenant, received, upload)
        if (password := received.password) is not None:
            secret = password.get_secret_value().encode()
            parts.blobs.put(tenant, new.id, PASSWORD, secret)
        reach("api.kept")
        try:
            job = parts.jobs.create(new, held, _fingerprint(upload, received))
            if job.id == new.id:
                return Taken(job)
            # Another request was faster to take the place in the batch.
            parts.blobs.delete_job(tenant, new.id)
            return Taken(job, replayed=True, in_batch=True)
        except Unavailable:
            # Whether the job was made is unknown. If it was, its bytes must be there; if not, the
            # keeper sweeps them up as it does after a crash.
            _log.warning("job store went away; the document is left to the keeper", job=new.id)
            raise
        except BaseException:
            parts.blobs.delete_job(tenant, new.id)
            raise


def _stored(parts: Services, tenant: str, received: Received, upload: Upload) -> NewJob:
    """The job to be made; its document, if there is one yet, is stored. Raises DocumentNotKept."""
    if received.again is not None:
        document = received.again.document.model_copy(update={"num_pages": None})
        new = _new_job(parts, tenant, received, document)
        if received.url is None:
            _share(parts, received.again, new.id)
    elif received.url is None:
        new = _new_job(parts, tenant, received, document_in(upload, received.name))
        parts.blobs.keep(upload, tenant, new.id, INPUT)
    else:
        new = _new_job(parts, tenant, received, Document(name=received.name))
    return new


def _share(parts: Services, job: Job, new_id: str) -> None:
    """Give a new job the document of another one, with what opens it."""
    try:
        parts.blobs.share(job.tenant, job.id, new_id, INPUT)
    except BlobNotFound:
        parts.blobs.delete_job(job.tenant, new_id)
        raise DocumentNotKept from None
    with suppress(BlobNotFound):
        parts.blobs.share(job.tenant, job.id, new_id, PASSWORD)


def _new_job(parts: Services, tenant: str, received: Received, document: Document) -> NewJob:
    given, settings = received.options, parts.settings
    known = structlog.contextvars.get_contextvars()
    batch = parts.batches.options(tenant, given.batch_id) if given.batch_id else None
    options = given.within(batch)
    return NewJob(
        id=new_id("job"),
        tenant=tenant,
        document=document,
        url=received.url,
        options=options,
        metadata=given.metadata,
        input_ttl_s=settings.input_ttl_s,
        result_ttl_s=options.ttl_s or settings.result_ttl_s,
        tombstone_ttl_s=settings.tombstone_ttl_s,
        batch_id=given.batch_id,
        custom_id=given.custom_id or "",
        request_id=known.get("request"),
        trace=known.get("trace"),
        rerun_of=received.again.id if received.again else None,
    )


def check_webhook(url: str | None, settings: Settings) -> None:
    """Say now what would only fail later: an address that may not be told."""
    if url is None:
        return
    try:
        check_briefly(url, settings.allow_targets)
    except AddressRefused as error:
        detail = f"`webhook_url` cannot be used: {error.detail}"
        raise AddressRefused(detail, option="webhook_url") from error


def _fingerprint(upload: Upload, received: Received) -> str:
    """What makes two requests the same: the document, or its URL, and every option.

    Not the password: nothing may be left of it.
    Those that are as the default are left out, so that a version with more of them says the same.
    """
    options = received.options.model_dump(mode="json", exclude_defaults=True, exclude={"password"})
    source = received.again.id if received.again else received.url or upload.sha256
    same = [source, options]
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
