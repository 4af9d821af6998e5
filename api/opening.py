"""Opens a batch: claim its key, read its fields, create it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import Request

from api import strict_json
from api.batch_options import BatchFields, parse_fields
from api.body import pieces
from api.forms import read_form
from api.options import texts
from api.services import Services
from api.sinks import NoSink
from api.submission import check_webhook
from shared.batches import Batch
from shared.errors import RequestError, Unavailable
from shared.failpoints import reach
from shared.settings import Settings
from shared.store.batch_records import NewBatch
from shared.store.idempotency import Answered, Claimed

_MAX_FIELDS_BYTES = 64 * 1024


@dataclass(frozen=True)
class Opened:
    """The batch of a request, and whether an earlier request made it."""

    batch: Batch
    replayed: bool = False


def open_empty(parts: Services, tenant: str, request: Request, key: str | None) -> Opened:
    """Open a batch without documents, or find the one that its Idempotency-Key stands for.

    Raises IdempotencyInFlight, IdempotencyMismatch, InvalidOption, AddressRefused, Unavailable.
    """
    fields = _read_fields(request, parts.settings)
    held = parts.idempotency.claim(tenant, key) if key is not None else None
    if isinstance(held, Answered):
        held.check(_fingerprint(fields))
        return Opened(parts.batches.get(tenant, held.job_id), replayed=True)
    try:
        check_webhook(fields.webhook_url, parts.settings)
        new = new_batch(tenant, fields, parts.settings)
        batch = parts.batches.create(new, held, _fingerprint(fields))
    except BaseException:
        _let_go(parts, held)
        raise
    reach("api.opened")
    return Opened(batch)


def new_batch(tenant: str, fields: BatchFields, settings: Settings) -> NewBatch:
    """The record of a batch that is opened with these fields."""
    return NewBatch(
        tenant=tenant,
        options=fields.of_batch(),
        result_ttl_s=fields.ttl_s or settings.result_ttl_s,
        tombstone_ttl_s=settings.tombstone_ttl_s,
        metadata=fields.metadata,
    )


def _read_fields(request: Request, settings: Settings) -> BatchFields:
    query = texts(request.args)
    body: Mapping[str, Any] = {}
    if request.mimetype == "multipart/form-data":
        boundary = request.mimetype_params.get("boundary", "")
        form = read_form(pieces(request, _MAX_FIELDS_BYTES), boundary, NoSink(), ())
        body = {name: value for name, value in form.fields.items() if value != ""}
    elif data := b"".join(pieces(request, _MAX_FIELDS_BYTES)):
        body = _object(data)
    return parse_fields(query, body, max_ttl_s=settings.result_ttl_s)


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = strict_json.loads(data)
    except ValueError as error:
        raise RequestError("The body is not JSON, or was cut short.") from error
    if not isinstance(value, dict):
        raise RequestError("The body must be a JSON object.")
    return value


def _fingerprint(fields: BatchFields) -> str:
    same = ["batch", fields.model_dump(mode="json")]
    return sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _let_go(parts: Services, held: Claimed | None) -> None:
    if held is not None:
        with suppress(Unavailable):
            parts.idempotency.release(held)
