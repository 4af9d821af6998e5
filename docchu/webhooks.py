"""Verifies a webhook: that Docchu sent it, lately, and nobody changed it (Standard Webhooks 1.0).

Depends on the standard library alone, so that a receiver may copy it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

TOLERANCE_S = 300
"""How far the sender's clock may be from ours."""
_PREFIX = "whsec_"


class WebhookInvalid(Exception):
    """The webhook is not from this sender, too old, or was changed."""


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Sequence[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    clock: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Check a webhook and answer its parsed body; `headers["webhook-id"]` is the same on retries.

    `body` is the very bytes that came in. `secrets` are one or more `whsec_…`; one that fits is
    enough. Raises WebhookInvalid, whatever is wrong with what came in; ValueError for a bad secret.
    """
    keys = [_key(one) for one in ([secrets] if isinstance(secrets, str) else secrets)]
    found = {str(name).lower(): str(value) for name, value in headers.items()}
    try:
        event_id, sent_at, signatures = (
            found[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as error:
        raise WebhookInvalid(f"The header {error} is missing.") from None
    if not _is_recent(sent_at, clock(), tolerance_s):
        raise WebhookInvalid("The webhook's time is not now.")
    signed = f"{event_id}.{sent_at}.".encode(errors="replace") + body
    if not _is_signed(signed, signatures, keys):
        raise WebhookInvalid("No signature fits.")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookInvalid("The body is not JSON.") from None
    if not isinstance(event, dict):
        raise WebhookInvalid("The body is not a JSON object.")
    return event


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("the secret is no `whsec_` with base64 behind it")
    return key


def _is_recent(text: str, now_s: float, tolerance_s: float) -> bool:
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= 12
        and abs(now_s - int(text)) <= tolerance_s
    )


def _is_signed(signed: bytes, signatures: str, keys: Sequence[bytes]) -> bool:
    expected = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    given = [one.encode(errors="replace") for one in signatures.split()]
    # Every pair is compared, each in constant time: how long this takes tells nothing.
    return any([hmac.compare_digest(one, other) for one in given for other in expected])
