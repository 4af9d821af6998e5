"""Opens a batch, with or without documents, and adds documents: claim, look for room, store, tell.

The documents of a request are stored as they come, and unpacked by the keeper.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import structlog
from flask import Request

from api.batches.uploads import Kind, receive_documents
from api.http.operations import texts
from api.jobs.fields import check_extract
from api.jobs.submission import check_webhook
from api.services import Services
from shared.batches import Batch, BatchStatus
from shared.blobs import Upload
from shared.errors import EmptyDocument, InvalidOption, Unavailable
from shared.errors.batches import BatchClosed
from shared.options import BatchRequest
from shared.running.failpoints import reach
from shared.settings import Settings
from shared.store.batches.records import NewBatch
from shared.store.batches.uploads import NewBatchUpload
from shared.store.jobs.idempotency import Answered, Claimed

_log = structlog.get_logger()


@dataclass(frozen=True)
class Opened:
    """The batch of a request: whether documents came with it, and if an earlier one made it."""

    batch: Batch
    has_documents: bool = False
    replayed: bool = False


def open_batch_of(parts: Services, tenant: str, request: Request, key: str | None) -> Opened:
    """Open a batch, or find the one that its Idempotency-Key stands for.

    Raises IdempotencyInFlight, IdempotencyMismatch, QueueFull (before the body is read),
    InvalidOption, AddressRefused, DocumentTooLarge, EmptyDocument, UnsupportedMediaType,
    Unavailable.
    """
    query = BatchRequest.of_texts(texts(request.args), parts.settings.result_ttl_s)
    held = parts.idempotency.claim(tenant, key) if key is not None else None
    with parts.blobs.upload() as upload:
        if isinstance(held, Answered):
            fields, kind = _read(parts, request, upload, query, None)
            held.check(_fingerprint(upload, fields, kind))
            batch = parts.batches.get(tenant, held.job_id)
            return Opened(batch, kind is not None, replayed=True)
        try:
            if _is_bulky(request):
                parts.jobs.check_room(tenant)
            fields, kind = _read(parts, request, upload, query, held)
            check_webhook(fields.webhook_url, parts.settings)
            parts.workers.check_model(fields.model)
            check_extract(parts, fields.extract)
            return _open(parts, tenant, upload, fields, kind, held)
        except BaseException:
            if held is not None:
                with suppress(Unavailable):
                    parts.idempotency.release(held)
            raise


def add_documents(parts: Services, tenant: str, batch_id: str, request: Request) -> Batch:
    """Add an upload of many documents to an open batch.

    Raises BatchNotFound, BatchGone, BatchClosed, QueueFull, and what reading the body does.
    """
    if parts.batches.get(tenant, batch_id).status is not BatchStatus.OPEN:
        raise BatchClosed
    parts.jobs.check_room(tenant)
    with parts.blobs.upload() as upload:
        received = receive_documents(request, parts.settings, upload)
        if received.kind is None:
            raise EmptyDocument("There is no document in the request.")
        if given := sorted({*texts(request.args), *received.fields.model_fields_set}):
            detail = f"`{given[0][:64]}` belongs to the batch, and to its beginning."
            raise InvalidOption(detail, option=given[0][:64])
        batch_upload = NewBatchUpload(received.kind)
        parts.blobs.keep(upload, tenant, batch_id, batch_upload.id)
        reach("api.upload_kept")
        try:
            parts.batch_uploads.add(tenant, batch_id, batch_upload)
        except Unavailable:
            raise  # whether it was added is unknown: if it was, its bytes must be there
        except BaseException:
            parts.blobs.delete(tenant, batch_id, batch_upload.id)
            raise
    _log.info("upload accepted", batch=batch_id, batch_upload=batch_upload.id, size=upload.size)
    return parts.batches.get(tenant, batch_id)


def _open(
    parts: Services,
    tenant: str,
    upload: Upload,
    fields: BatchRequest,
    kind: Kind | None,
    held: Claimed | None,
) -> Opened:
    new = new_batch(tenant, fields, parts.settings)
    fingerprint = _fingerprint(upload, fields, kind)
    if kind is None:
        batch = parts.batches.create(new, held, fingerprint)
        reach("api.opened")
        return Opened(batch)
    batch_upload = NewBatchUpload(kind)
    parts.blobs.keep(upload, tenant, new.id, batch_upload.id)
    reach("api.upload_kept")
    try:
        batch = parts.batches.create(
            new, held, fingerprint, batch_upload=batch_upload, closed=not fields.open
        )
    except Unavailable:
        # Whether the batch was made is unknown. If it was, its upload must be there; if not, the
        # keeper sweeps it up.
        _log.warning("job store went away; the upload is left to the keeper", batch=new.id)
        raise
    except BaseException:
        parts.blobs.delete_job(tenant, new.id)
        raise
    reach("api.opened")
    _log.info("batch accepted", batch=new.id, batch_upload=batch_upload.id, size=upload.size)
    return Opened(batch, has_documents=True)


def new_batch(tenant: str, fields: BatchRequest, settings: Settings) -> NewBatch:
    """The record of a batch that is opened with these fields."""
    return NewBatch(
        tenant=tenant,
        options=fields.of_batch(),
        result_ttl_s=fields.ttl_s or settings.result_ttl_s,
        tombstone_ttl_s=settings.tombstone_ttl_s,
        metadata=fields.metadata,
    )


def _is_bulky(request: Request) -> bool:
    """Whether the body may hold documents."""
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    return bool(has_body) and request.mimetype != "application/json"


def _read(
    parts: Services, request: Request, upload: Upload, query: BatchRequest, held: Claimed | None
) -> tuple[BatchRequest, Kind | None]:
    keep = (lambda: parts.idempotency.keep(held)) if held else (lambda: None)
    received = receive_documents(request, parts.settings, upload, keep)
    return query.together_with(received.fields), received.kind


def _fingerprint(upload: Upload, fields: BatchRequest, kind: Kind | None) -> str:
    """What makes two requests the same: the documents' bytes and every field."""
    documents = upload.sha256 if kind else None
    same = ["batch", documents, fields.model_dump(mode="json", exclude_defaults=True)]
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
