"""Uploads of many documents that wait to be unpacked: taken by lease, gone on with after a crash.

Fields of an upload's hash: `batch tenant kind position` (entries that are done) `attempt`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal, get_args

import redis

from shared.errors import DocchuError, StaleAttempt
from shared.errors.batches import BatchClosed, BatchGone
from shared.ids import new_id
from shared.store import keys
from shared.store.aside import Aside
from shared.store.batches.scripts import BatchScripts
from shared.store.scripts import Client, Clock, Scripts, server_clock

Kind = Literal["zip", "ndjson"]
_LOOKED_AT = 8  # uploads that are due, in one look


@dataclass(frozen=True)
class NewBatchUpload:
    """An upload whose bytes are stored already: blob `id` of its batch."""

    kind: Kind
    id: str = field(default_factory=lambda: new_id("par"))

    def record(self, tenant: str, batch_id: str) -> str:
        """The fields of the hash, as flat JSON."""
        fields = {"batch": batch_id, "tenant": tenant, "kind": self.kind}
        return json.dumps({**fields, "position": 0, "attempt": 0})


@dataclass(frozen=True)
class BatchUpload:
    """A leased upload. `position`: so many of its entries are done."""

    id: str
    batch_id: str
    tenant: str
    kind: Kind
    position: int
    attempt: int

    def job_id(self, entry: int) -> str:
        """The id of the job that an entry becomes, the same in each attempt to unpack it."""
        # The upload's own id is random, and nobody is told of it.
        digest = sha256(f"{self.id}/{entry}".encode()).digest()
        return f"job_{base64.urlsafe_b64encode(digest)[:24].decode()}"


class BatchUploads:
    """The uploads of all tenants. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._scripts = Scripts(client, clock)
        self._batches = BatchScripts(client, clock)
        self._aside = Aside(client, clock)

    def add(self, tenant: str, batch_id: str, new: NewBatchUpload, *, last: bool = False) -> None:
        """Add an upload to an open batch; `last` closes that. Raises BatchClosed, BatchGone."""
        record = new.record(tenant, batch_id)
        args = (new.id, record, "1" if last else "")
        answer = self._batches.run("upload_add", batch_id, *args, upload_id=new.id)
        if answer == "closed":
            raise BatchClosed
        if answer == "gone":
            raise BatchGone

    def take(self, lease_s: float) -> BatchUpload | None:
        """Lease the upload that has been due the longest, if one is."""
        for upload_id in self._scripts.due(keys.UPLOADS, _LOOKED_AT):
            try:
                if taken := self._take(upload_id, lease_s):
                    return taken
            except (redis.ResponseError, TypeError, ValueError) as error:
                self._aside.put(keys.UPLOADS, upload_id, error)
        return None

    def _take(self, upload_id: str, lease_s: float) -> BatchUpload | None:
        names = [keys.UPLOADS, keys.batch_upload(upload_id)]
        found = self._scripts.run_on("upload_take", names, upload_id, round(lease_s * 1000))
        if not found:
            return None
        batch_id, tenant, kind, position, attempt = found
        if None in (batch_id, tenant) or kind not in get_args(Kind):
            raise ValueError("fields are missing")
        return BatchUpload(upload_id, batch_id, tenant, kind, int(position), int(attempt))

    def advance(self, batch_upload: BatchUpload, position: int, lease_s: float) -> BatchUpload:
        """Note how many entries are done, and renew the lease (0: due again at once).

        Raises StaleAttempt if somebody else has it by now.
        """
        names = [keys.UPLOADS, keys.batch_upload(batch_upload.id)]
        lease_ms = round(lease_s * 1000)
        done = self._scripts.run_on(
            "upload_note", names, batch_upload.id, batch_upload.attempt, position, lease_ms
        )
        if done is None:
            raise StaleAttempt
        return replace(batch_upload, position=position)

    def finish(self, batch_upload: BatchUpload, problem: DocchuError | None = None) -> None:
        """Forget an upload; the caller erases its bytes. The batch shows the first problem.

        Raises StaleAttempt.
        """
        code, detail = (problem.code, problem.detail) if problem else ("", "")
        args = (batch_upload.id, batch_upload.attempt, code, detail)
        answer = self._batches.run(
            "upload_finish", batch_upload.batch_id, *args, upload_id=batch_upload.id
        )
        if answer is None:
            raise StaleAttempt
