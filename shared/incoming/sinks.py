"""Where the bytes of a document go on their way in: counted, decoded, and written to an upload."""

from __future__ import annotations

import binascii
import re
import time
from collections.abc import Callable
from typing import Protocol

from shared.blobs import Upload
from shared.errors import (
    DocchuError,
    DocumentTooLarge,
    EmptyDocument,
    InvalidOption,
    UnsupportedMediaType,
)
from shared.jobs import Document
from shared.media import HEAD_BYTES, other, sniff


class Sink(Protocol):
    """Takes a document piece by piece; `close` says that it was the last piece."""

    def write(self, data: bytes, /) -> object: ...
    def close(self) -> None: ...


class UploadSink:
    """Writes to an upload, and refuses what is too large or no document as it comes in.

    Calls `keep` every `keep_s` seconds or so, to say that a long upload is still coming in.
    """

    def __init__(
        self, upload: Upload, max_bytes: int, keep: Callable[[], None], keep_s: float = 10
    ) -> None:
        self.upload = upload
        self._max_bytes = max_bytes
        self._keep = keep
        self._keep_s = keep_s
        self._kept = time.monotonic()

    def write(self, data: bytes, /) -> None:
        if self.upload.size + len(data) > self._max_bytes:
            raise DocumentTooLarge(max_bytes=self._max_bytes)
        starts = self.upload.size < HEAD_BYTES
        self.upload.write(data)
        if starts and self.upload.size >= HEAD_BYTES and not sniff(self.upload.head[:HEAD_BYTES]):
            raise _unknown(self.upload.head)
        if time.monotonic() - self._kept > self._keep_s:
            self._kept = time.monotonic()
            self._keep()

    def close(self) -> None:
        pass


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


def document_in(upload: Upload, name: str | None) -> Document:
    """Say what was uploaded, by its bytes. Raises EmptyDocument, UnsupportedMediaType."""
    if upload.size == 0:
        raise EmptyDocument
    media_type = sniff(upload.head[:HEAD_BYTES])
    if media_type is None:
        raise _unknown(upload.head)
    return Document(name=name, media_type=media_type, size=upload.size, sha256=upload.sha256)


def _unknown(head: bytes) -> UnsupportedMediaType:
    return UnsupportedMediaType(other(head[:HEAD_BYTES]))
