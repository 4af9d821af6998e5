"""Where TorchServe's clients hide a document: in base64, in a form's escapes, or nowhere."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from shared.errors import UnsupportedMediaType
from shared.incoming.sinks import Base64Sink, Sink
from shared.media import HEAD_BYTES, sniff


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
