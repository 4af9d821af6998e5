"""Reads multipart/form-data: the document streams into its sink, small fields are kept as text.

Werkzeug's decoder finds the parts. Its own parser on top would keep a document without a file name
in memory, and only name the field of a file once it has taken all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from api.http.filenames import decoded_words, plain_backslashes
from shared.errors import InvalidOption, RequestError, UnsupportedMediaType
from shared.incoming.sinks import Base64Sink, Sink

_MAX_PARTS = 32
_MAX_FIELD_BYTES = 8192
_MAX_BUFFER_BYTES = 256 * 1024  # one piece of the body, one part's headers, what follows the end
_MAX_BOUNDARY = 200  # characters; RFC 2046 allows 70
_NO_BASE64 = "A part of the form is said to be base64 and is not."
_AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})  # RFC 2045, 6.2


@dataclass
class Form:
    """What came beside the document's bytes: its file name and the other fields."""

    has_document: bool = False
    file_name: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


def read_form(
    pieces: Iterable[bytes],
    boundary: str,
    sink: Sink,
    document_fields: Iterable[str] = ("file",),
    *,
    begin: Callable[[str], object] | None = None,
    max_parts: int = _MAX_PARTS,
) -> Form:
    """Read a form whose document is in one of `document_fields`; or many, if there is a `begin`.

    That is called with the file name of each, and the sink closed at its end. Raises RequestError
    where the form is malformed or cut short, InvalidOption for a field that is given twice or too
    long, for a second document without `begin`, and for a file in another field.
    """
    if not 1 <= len(boundary) <= _MAX_BOUNDARY or not boundary.isascii():
        raise RequestError("The Content-Type of a form needs a `boundary`.")
    decoder = _Decoder(
        boundary.encode(), max_form_memory_size=_MAX_BUFFER_BYTES, max_parts=max_parts
    )
    parts = _Parts(sink, tuple(document_fields), begin)
    try:
        for piece in pieces:
            decoder.receive_data(piece)
            while not isinstance(event := decoder.next_event(), NeedData):
                parts.take(event)
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), Epilogue):
            parts.take(event)
    except ValueError as error:
        raise RequestError("The form is malformed or cut short.") from error
    except RequestEntityTooLarge as error:
        raise RequestError(
            f"The form has more than {max_parts} parts, or too much in a part's headers."
        ) from error
    return parts.form


class _Decoder(MultipartDecoder):
    """Reads headers that are not UTF-8, too: a file name is no reason to refuse a document."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(plain_backslashes(data.decode(errors="replace")).encode())

    def _last_partial_boundary_index(self, data: bytes | bytearray) -> int:
        """Hold a boundary back, too, that lacks only the end of what follows it.

        Werkzeug 3.1.9 takes the line break before it for data if a piece of the body ends after the
        first dash of the closing `--`: the document would gain a byte.
        """
        delimiter = b"--" + self.boundary
        at = data.rfind(delimiter, max(0, len(data) - len(delimiter) - 2))
        if at < 0:
            return super()._last_partial_boundary_index(data)
        return len(data[:at].removesuffix(b"\n").removesuffix(b"\r"))


class _Parts:
    """Puts the events of the decoder together, part by part."""

    def __init__(
        self,
        sink: Sink,
        document_fields: tuple[str, ...],
        begin: Callable[[str], object] | None,
    ) -> None:
        self.form = Form()
        self._begin_document = begin
        self._document = sink
        self._document_fields = document_fields
        self._part: Sink = sink

    def take(self, event: Event) -> None:
        if isinstance(event, Field | File):
            part = self._sink_of(event)
            is_base64 = _is_base64(event)
            self._part = Base64Sink(part, RequestError(_NO_BASE64)) if is_base64 else part
        elif isinstance(event, Data):
            self._part.write(event.data)
            if not event.more_data:
                self._part.close()

    def _sink_of(self, part: Field | File) -> Sink:
        name, file_name = part.name or "", getattr(part, "filename", None)
        shown = name[:64]
        if name in self._document_fields:
            file_name = decoded_words(file_name) if file_name else None
            if self._begin_document is not None:
                self._begin_document(file_name or "")
            elif self.form.has_document:
                raise InvalidOption(
                    "A job is about one document: send several to `/v1/batches`.", option=shown
                )
            self.form.has_document, self.form.file_name = True, file_name
            return self._document
        if file_name is not None:
            raise InvalidOption(
                f"The document belongs in the field `{self._document_fields[0]}`, "
                f"but there is a file in `{shown}`.",
                option=shown,
            )
        if not name or name in self.form.fields:
            raise InvalidOption(f"The field `{shown}` is given twice or has no name.", option=shown)
        return _FieldSink(self.form.fields, name)


class _FieldSink:
    """Takes the text of a small field."""

    def __init__(self, fields: dict[str, str], name: str) -> None:
        self._fields = fields
        self._name = name
        self._text = bytearray()

    def write(self, data: bytes, /) -> None:
        self._text += data
        if len(self._text) > _MAX_FIELD_BYTES:
            raise self._refusal(f"is longer than {_MAX_FIELD_BYTES} bytes")

    def close(self) -> None:
        try:
            self._fields[self._name] = self._text.decode()
        except UnicodeDecodeError as error:
            raise self._refusal("is not UTF-8") from error

    def _refusal(self, why: str) -> InvalidOption:
        shown = self._name[:64]
        return InvalidOption(f"The field `{shown}` {why}.", option=shown)


def _is_base64(part: Field | File) -> bool:
    """Whether a part is written in base64 (RFC 2045, 6). Raises UnsupportedMediaType."""
    encoding = part.headers.get("Content-Transfer-Encoding", "").strip().lower()
    if encoding not in _AS_IT_IS and encoding != "base64":
        raise UnsupportedMediaType(
            f"A part of the form is encoded as `{encoding[:64]}`: send it as it is, or as base64."
        )
    return encoding == "base64"
