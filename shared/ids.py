"""Ids that cannot be guessed: a prefix that says what it names, and 132 random bits."""

from __future__ import annotations

import re
import secrets

_RANDOM_BYTES = 18  # 24 characters of base64url, more than the 122 bits of a UUID

_RANDOM_PART = re.compile(r"[A-Za-z0-9_-]{24}")


def new_id(prefix: str) -> str:
    """Make an id such as `job_…`, `bat_…` or `evt_…`."""
    return f"{prefix}_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def is_id(prefix: str, text: str) -> bool:
    """Whether the text has the form of such an id, so that it may be part of a key or a path."""
    found, _, rest = text.partition("_")
    return found == prefix and _RANDOM_PART.fullmatch(rest) is not None


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id."""
    return is_id("job", text)
