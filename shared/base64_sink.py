"""Decodes base64 as it streams by, and what every taker of a stream looks like."""

from __future__ import annotations

import binascii
import re
from typing import Protocol

from shared.errors import DocchuError, InvalidOption


class Sink(Protocol):
    """Takes a document piece by piece; `close` says that it was the last piece."""

    def write(self, data: bytes, /) -> object: ...
    def close(self) -> None: ...


_URL_PREFIX = re.compile(rb"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_PREFIX_BYTES = 256
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")  # base64url (RFC 4648, 5)


class Base64Sink:
    """Decodes base64 text, with or without line breaks, padding or a `data:` prefix."""

    def __init__(self, sink: Sink, error: DocchuError | None = None) -> None:
        self._sink = sink
        self._error = error or InvalidOption("`data` is not base64.", option="data")
        self._held = b""
        self._begun = False
        self._padded = False

    def write(self, data: bytes, /) -> None:
        self._held += data
        if not self._begun:
            if len(self._held) < _PREFIX_BYTES:
                return
            self._begin()
        self._held = self._held.translate(_TO_STANDARD, b" \t\r\n")
        whole = len(self._held) // 4 * 4
        part, self._held = self._held[:whole], self._held[whole:]
        self._decode(part)

    def close(self) -> None:
        if not self._begun:
            self._begin()
        last = self._held.translate(_TO_STANDARD, b" \t\r\n")
        self._decode(last + b"=" * (-len(last) % 4))
        self._sink.close()

    def _begin(self) -> None:
        self._begun = True
        self._held = _URL_PREFIX.sub(b"", self._held, count=1)

    def _decode(self, text: bytes) -> None:
        if text and self._padded:
            raise self._error
        try:
            self._sink.write(binascii.a2b_base64(text, strict_mode=True))
        except binascii.Error as error:
            raise self._error from error
        self._padded = text.endswith(b"=") or self._padded
