"""Idempotency-Keys: the same request twice makes one job.

After draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from shared.errors import IdempotencyInFlight, IdempotencyMismatch
from shared.store import keys
from shared.store.scripts import Client, store_faults

KEPT_MS = 24 * 3600 * 1000
# A request that was cut off must not block its repetition for long; an upload renews it.
_IN_FLIGHT_MS = 60 * 1000


@dataclass(frozen=True)
class Claimed:
    """A key that one request holds while it is being taken."""

    tenant: str
    key: str
    token: str


@dataclass(frozen=True)
class Answered:
    """A key that stands for a job already; of what request is not known where it has no print."""

    job_id: str
    fingerprint: str

    def check(self, fingerprint: str) -> None:
        """Raise IdempotencyMismatch unless the request is the one that made the job."""
        if self.fingerprint and fingerprint != self.fingerprint:
            raise IdempotencyMismatch


class IdempotencyKeys:
    """The keys of all tenants. Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def claim(self, tenant: str, key: str) -> Claimed | Answered:
        """Take a key, or say what it stands for. Raises IdempotencyInFlight while it is taken."""
        claimed = Claimed(tenant, key, secrets.token_hex(8))
        name = keys.idempotency(tenant, key)
        with store_faults():
            pending = json.dumps({"token": claimed.token})
            if self._client.set(name, pending, px=_IN_FLIGHT_MS, nx=True):
                return claimed
            known = json.loads(self._client.get(name) or "{}")
        if known.get("token") == claimed.token:
            return claimed  # the same command once more, after a lost answer
        if "job" not in known:
            self._bound(name)
            raise IdempotencyInFlight
        return Answered(known["job"], known["fingerprint"])

    def _bound(self, name: str) -> None:
        """Let a key that is in flight end in time, though the server's clock was set back."""
        with store_faults():
            if int(self._client.pttl(name)) > _IN_FLIGHT_MS:
                self._client.pexpire(name, _IN_FLIGHT_MS)

    def keep(self, claimed: Claimed) -> None:
        """Say that the request which holds the key is still coming in."""
        with store_faults():
            self._client.pexpire(keys.idempotency(claimed.tenant, claimed.key), _IN_FLIGHT_MS)

    def release(self, claimed: Claimed) -> None:
        """Let go of a key whose request failed, so that it can be tried again."""
        name = keys.idempotency(claimed.tenant, claimed.key)
        with store_faults():
            known = json.loads(self._client.get(name) or "{}")
            if known.get("token") == claimed.token:
                self._client.delete(name)
