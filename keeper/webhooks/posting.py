"""Posts a webhook to a checked address and says how that went; nothing of the answer is kept."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.outgoing.addresses import Target
from shared.outgoing.connection import Connection, connected

_DRAIN_S = 0.5  # patience with the answer's body
_DRAIN_BYTES = 16 * 1024


@dataclass(frozen=True)
class Answer:
    """How an attempt went: the receiver's status, or why there is none."""

    status_code: int | None = None
    error: str | None = None
    retry_after_s: float = 0


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Send the body within `timeout_s` seconds in all. Follows no redirect; raises nothing."""
    deadline = time.monotonic() + timeout_s
    try:
        with connected(target, deadline, context) as connection:
            connection.request("POST", target.path, body, dict(headers))
            with closing(connection.getresponse()) as response:
                status = response.status
                # A head that drips looks whole when it was we who ended it.
                if connection.was_cut:
                    raise TimeoutError("cut at the deadline")
                retry_after_s = _seconds(response.headers.get("Retry-After"))
                _drain(connection, response)
    except Exception as error:
        # The boundary to a foreign machine: http.client and email raise more kinds than they name
        # for what it may send, and each is an attempt that failed.
        late = time.monotonic() >= deadline
        return Answer(error="timeout" if late else _name(error))
    return Answer(status, _error_of(status), retry_after_s)


def _drain(connection: Connection, response: http.client.HTTPResponse) -> None:
    """Take what is there of the body, so that the receiver's last write does not fail."""
    with suppress(Exception):  # its status is known, and that is all that counts
        if connection.sock is not None:
            connection.sock.settimeout(_DRAIN_S)
        if response.length != 0:
            response.read1(_DRAIN_BYTES)


def _error_of(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    return "redirect" if 300 <= status < 400 else "http_status"


def _name(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ssl.SSLError):
        return "tls_failed"
    # RemoteDisconnected, among others, is both: the connection ended before an answer.
    return "connection_failed" if isinstance(error, OSError) else "bad_answer"


def _seconds(text: str | None) -> float:
    """The seconds of a Retry-After (RFC 9110), a number or a date; 0 where it is neither."""
    if not text:
        return 0
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # among them every year after 9999
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
