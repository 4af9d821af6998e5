"""Where the bytes of a document go on their way in: counted, decoded, and written to an upload."""

from __future__ import annotations

import binascii
import re
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote_to_bytes

from shared.blobs import Upload
from shared.errors import DocchuError, DocumentTooLarge, InvalidOption, UnsupportedMediaType
from shared.media import HEAD_BYTES, sniff

_KEEP_S = 10.0  # how often a long upload says that it is still coming in


class Sink(Protocol):
    """Takes a document piece by piece; `close` says that it was the last piece."""

    def write(self, data: bytes, /) -> object: ...
    def close(self) -> None: ...


class NoSink:
    """Where no document is expected, and so none comes."""

    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


class UploadSink:
    """Writes to an upload, and refuses what is too large or no document as it comes in."""

    def __init__(self, upload: Upload, max_bytes: int, keep: Callable[[], None]) -> None:
        self.upload = upload
        self._max_bytes = max_bytes
        self._keep = keep
        self._kept = time.monotonic()

    def write(self, data: bytes, /) -> None:
        if self.upload.size + len(data) > self._max_bytes:
            raise DocumentTooLarge(max_bytes=self._max_bytes)
        starts = self.upload.size < HEAD_BYTES
        self.upload.write(data)
        if starts and self.upload.size >= HEAD_BYTES and not sniff(self.upload.head[:HEAD_BYTES]):
            raise UnsupportedMediaType
        if time.monotonic() - self._kept > _KEEP_S:
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


class PercentSink:
    """Takes the value of a URL-encoded form field up to the next `&`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held = b""
        self._ended = False

    def write(self, data: bytes, /) -> None:
        if self._ended:
            return
        value, separator, _ = (self._held + data).partition(b"&")
        self._ended = bool(separator)
        cut = value.rfind(b"%", -2)  # an escape that is not whole yet
        whole = len(value) if cut < 0 or self._ended else cut
        self._held = value[whole:]
        # A `+` stays what it is: who sends base64 unescaped means the letter and not a space.
        self._sink.write(unquote_to_bytes(value[:whole]))

    def close(self) -> None:
        self._sink.write(unquote_to_bytes(self._held))
        self._sink.close()


_FORM_FIELD = re.compile(rb"(?:data|body)=")


class GuessingSink:
    """Takes what TorchServe's clients send: the bytes, base64 text of them, or a form with that."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._head = b""
        self._chosen: Sink | None = None

    def write(self, data: bytes, /) -> None:
        if self._chosen is not None:
            self._chosen.write(data)
            return
        self._head += data
        if len(self._head) >= HEAD_BYTES:
            self._choose()

    def close(self) -> None:
        (self._chosen or self._choose()).close()

    def _choose(self) -> Sink:
        chosen: Sink = Base64Sink(self._sink, UnsupportedMediaType())
        if not self._head or sniff(self._head):
            chosen = self._sink
        elif field := _FORM_FIELD.match(self._head):
            chosen = PercentSink(GuessingSink(self._sink))
            self._head = self._head[field.end() :]
        chosen.write(self._head)
        self._chosen = chosen
        return chosen
