"""Reads a JSON body whose document, a long base64 string, streams into its sink.

The rest of the object is small and is parsed as a whole; only the string under a key of
`document_keys` at the top level is led aside, so that no document is ever held in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.errors import InvalidOption, RequestError
from shared.incoming import strict_json
from shared.incoming.sinks import Sink

_MAX_REST_BYTES = 64 * 1024
_MAX_DEPTH = 64
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^"{}\[\]:,]+', re.DOTALL)
# An escape whose end is not here yet. Encoders write `\/` (PHP) and `\u002B` (.NET) into base64.
_OPEN_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")


@dataclass
class JsonBody:
    """The object's members without the document, and which key that was under, if there was one."""

    members: dict[str, Any] = field(default_factory=dict)
    document_key: str | None = None


def read_json(pieces: Iterable[bytes], sink: Sink, document_keys: Iterable[str]) -> JsonBody:
    """Read a JSON object. Raises RequestError where it is none, InvalidOption for no base64."""
    reader = _Reader(sink, {f'"{key}"'.encode(): key for key in document_keys})
    for piece in pieces:
        reader.feed(piece)
    return reader.finish()


class _Reader:
    def __init__(self, sink: Sink, document_keys: dict[bytes, str]) -> None:
        self._sink = sink
        self._document_keys = document_keys
        self._rest = bytearray()
        self._held = b""
        self._depth = 0
        self._key: str | None = None  # the key of the document, once it was read
        self._is_next = False  # whether its value comes next
        self._inside = False  # whether its value is coming in
        self._document_key: str | None = None

    def feed(self, piece: bytes) -> None:
        data = self._held + piece
        self._held = b""
        while data:
            data = self._take_document(data) if self._inside else self._take_rest(data)

    def finish(self) -> JsonBody:
        """Parse the rest, once all of the body was fed."""
        try:
            if self._inside:
                raise ValueError("it ends inside a string")
            members = strict_json.loads(self._rest + self._held)
        except ValueError as error:
            raise RequestError("The body is not JSON, or was cut short.") from error
        if not isinstance(members, dict):
            raise RequestError("The body must be a JSON object.")
        if self._document_key is not None:
            del members[self._document_key]
        return JsonBody(members, self._document_key)

    def _take_rest(self, data: bytes) -> bytes:
        """Take tokens up to the document's value; answer what comes after."""
        at = 0
        while at < len(data):
            if self._is_next and data.startswith(b'"', at):
                self._keep(data[:at])
                self._begin_document()
                return data[at + 1 :]
            token = _TOKEN.match(data, at)
            if token is None:
                break  # a string whose end is not here yet
            self._note(token.group())
            at = token.end()
        self._held = data[at:]
        self._keep(data[:at])
        return b""

    def _note(self, token: bytes) -> None:
        """Follow the depth, and see the document's key and its colon go by."""
        if token in (b"{", b"["):
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise RequestError(f"The JSON body is nested more than {_MAX_DEPTH} deep.")
        elif token in (b"}", b"]"):
            self._depth -= 1
        if token == b":":
            self._is_next = self._key is not None
        elif token.strip():
            self._is_next = False
            self._key = self._document_keys.get(token) if self._depth == 1 else None

    def _keep(self, data: bytes) -> None:
        self._rest += data
        if len(self._rest) + len(self._held) > _MAX_REST_BYTES:
            raise RequestError("The JSON body has too much in it beside the document.")

    def _begin_document(self) -> None:
        if self._document_key is not None:
            raise InvalidOption("The document is given twice.", option=self._key)
        self._document_key, self._key, self._is_next = self._key, None, False
        self._inside = True
        self._rest += b'""'  # in its place

    def _take_document(self, data: bytes) -> bytes:
        text, quote, after = data.partition(b'"')
        if not quote and (escape := _OPEN_ESCAPE.search(text)):
            self._held = text[escape.start() :]
            text = text[: escape.start()]
        self._sink.write(_unescape(text))
        if quote:
            self._inside = False
            self._sink.close()
        return after


def _unescape(text: bytes) -> bytes:
    if b"\\" not in text:
        return text
    try:
        return str(json.loads(b'"' + text + b'"')).encode("ascii")
    except ValueError as error:
        raise InvalidOption("`data` is not base64.", option="data") from error
