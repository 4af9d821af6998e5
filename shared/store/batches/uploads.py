"""Uploads of many documents that wait to be unpacked: taken by lease, gone on with after a crash.

Fields of a parcel's hash: `batch tenant kind position` (entries that are done) `attempt`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

from shared.batch_errors import BatchClosed, BatchGone
from shared.errors import DocchuError, StaleAttempt
from shared.ids import new_id
from shared.store import keys
from shared.store.batches.scripts import BatchScripts
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults

Kind = Literal["zip", "ndjson"]


@dataclass(frozen=True)
class NewParcel:
    """An upload whose bytes are stored already: blob `id` of its batch."""

    kind: Kind
    id: str = field(default_factory=lambda: new_id("par"))

    def record(self, tenant: str, batch_id: str) -> str:
        """The fields of the hash, as flat JSON."""
        fields = {"batch": batch_id, "tenant": tenant, "kind": self.kind}
        return json.dumps({**fields, "position": 0, "attempt": 0})


@dataclass(frozen=True)
class Parcel:
    """A leased parcel. `position`: so many of its entries are done."""

    id: str
    batch_id: str
    tenant: str
    kind: Kind
    position: int
    attempt: int

    def job_id(self, entry: int) -> str:
        """The id of the job that an entry becomes, the same in each attempt to unpack it."""
        # The parcel's own id is random, and nobody is told of it.
        digest = sha256(f"{self.id}/{entry}".encode()).digest()
        return f"job_{base64.urlsafe_b64encode(digest)[:24].decode()}"


class Parcels:
    """The parcels of all tenants. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)
        self._batches = BatchScripts(client, clock)

    def add(self, tenant: str, batch_id: str, new: NewParcel, *, last: bool = False) -> None:
        """Add a parcel to an open batch; `last` closes that. Raises BatchClosed, BatchGone."""
        record = new.record(tenant, batch_id)
        args = (new.id, record, "1" if last else "")
        answer = self._batches.run("parcel_add", batch_id, *args, parcel_id=new.id)
        if answer == "closed":
            raise BatchClosed
        if answer == "gone":
            raise BatchGone

    def take(self, lease_s: float) -> Parcel | None:
        """Lease the parcel that has been due the longest, if one is."""
        now = self._scripts.now_ms()
        with store_faults():
            due = self._client.zrange(keys.PARCELS, "-inf", now, byscore=True, offset=0, num=8)
        for parcel_id in due:
            names = [keys.PARCELS, keys.parcel(parcel_id)]
            found = self._scripts.run_on("parcel_take", names, parcel_id, round(lease_s * 1000))
            if found:
                batch_id, tenant, kind, position, attempt = found
                return Parcel(parcel_id, batch_id, tenant, kind, int(position), int(attempt))
        return None

    def advance(self, parcel: Parcel, position: int, lease_s: float) -> Parcel:
        """Note how many entries are done, and renew the lease (0: due again at once).

        Raises StaleAttempt if somebody else has it by now.
        """
        names = [keys.PARCELS, keys.parcel(parcel.id)]
        lease_ms = round(lease_s * 1000)
        done = self._scripts.run_on(
            "parcel_note", names, parcel.id, parcel.attempt, position, lease_ms
        )
        if done is None:
            raise StaleAttempt
        return replace(parcel, position=position)

    def finish(self, parcel: Parcel, problem: DocchuError | None = None) -> None:
        """Forget a parcel; the caller erases its bytes. The batch shows the first problem.

        Raises StaleAttempt.
        """
        code, detail = (problem.code, problem.detail) if problem else ("", "")
        args = (parcel.id, parcel.attempt, code, detail)
        answer = self._batches.run("parcel_finish", parcel.batch_id, *args, parcel_id=parcel.id)
        if answer is None:
            raise StaleAttempt
