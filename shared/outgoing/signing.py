"""Signs webhooks as Standard Webhooks 1.0 wants it (standardwebhooks.com); keys rotate."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification asks for 24 to 64
_OVERLAP_MS = 24 * 3600 * 1000  # how long a replaced secret goes on signing
_MAX_FORMER = 4  # each one makes the header longer


def new_secret() -> str:
    """Make a secret."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, event_id: str, timestamp_s: int, body: bytes) -> str:
    """Sign a body: `v1,<base64 of HMAC-SHA256 over id.timestamp.body>`."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{event_id}.{timestamp_s}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def signed_headers(
    keys: Sequence[str], event_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Make the three headers of a webhook, signed with each of the secrets."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(sign(key, event_id, timestamp_s, body) for key in keys),
    }


@dataclass(frozen=True)
class KeyRing:
    """A secret, and former ones with the time (ms) until which they go on signing."""

    secret: str
    former: tuple[tuple[str, int], ...] = ()

    @classmethod
    def new(cls) -> KeyRing:
        """Make a ring with a fresh secret."""
        return cls(new_secret())

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read the store's JSON."""
        fields = json.loads(text)
        return cls(fields["secret"], tuple((key, until) for key, until in fields["former"]))

    def dump(self) -> str:
        """Write the store's JSON."""
        return json.dumps({"secret": self.secret, "former": self.former})

    def rotated(self, now_ms: int) -> KeyRing:
        """Replace the secret; the one until now signs beside the new one for 24 hours."""
        former = ((self.secret, now_ms + _OVERLAP_MS), *self._signing_former(now_ms))
        return KeyRing(new_secret(), former[:_MAX_FORMER])

    def signing(self, now_ms: int) -> list[str]:
        """The secrets to sign with, the newest first."""
        return [self.secret, *(key for key, _ in self._signing_former(now_ms))]

    def former_until_ms(self, now_ms: int) -> int | None:
        """Until when a former secret goes on signing; None where none does."""
        return max((until for _, until in self._signing_former(now_ms)), default=None)

    def _signing_former(self, now_ms: int) -> tuple[tuple[str, int], ...]:
        return tuple((key, until) for key, until in self.former if until > now_ms)
