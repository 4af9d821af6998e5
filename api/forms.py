"""Reads multipart/form-data: the document streams into its sink, small fields are kept as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from shared.errors import InvalidOption, RequestError
from shared.sinks import Sink

_MAX_PARTS = 32
_MAX_FIELD_BYTES = 8192
_MAX_BUFFER_BYTES = 256 * 1024  # one piece of the body, one part's headers, what follows the end
_MAX_BOUNDARY = 200  # characters; RFC 2046 allows 70


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
        return super()._parse_headers(data.decode(errors="replace").encode())

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
        self._sink = sink
        self._document_fields = document_fields
        self._name = ""
        self._text: bytearray | None = None  # None while the part is the document

    def take(self, event: Event) -> None:
        if isinstance(event, Field | File):
            self._begin(event)
        elif isinstance(event, Data):
            self._continue(event)

    def _begin(self, part: Field | File) -> None:
        self._name = part.name or ""
        if self._name in self._document_fields:
            if self._begin_document is not None:
                self._begin_document(getattr(part, "filename", None) or "")
            elif self.form.has_document:
                raise InvalidOption(
                    "A job is about one document: send several to `/v1/batches`.",
                    option=self._name,
                )
            self.form.has_document = True
            self.form.file_name = getattr(part, "filename", None)
            self._text = None
            return
        shown = self._name[:64]
        if isinstance(part, File):
            raise InvalidOption(
                f"The document belongs in the field `{self._document_fields[0]}`, "
                f"but there is a file in `{shown}`.",
                option=shown,
            )
        if not self._name or self._name in self.form.fields:
            raise InvalidOption(f"The field `{shown}` is given twice or has no name.", option=shown)
        self._text = bytearray()

    def _continue(self, event: Data) -> None:
        if self._text is None:
            self._sink.write(event.data)
            if not event.more_data:
                self._sink.close()
            return
        self._text += event.data
        if len(self._text) > _MAX_FIELD_BYTES:
            raise InvalidOption(
                f"The field `{self._name[:64]}` is longer than {_MAX_FIELD_BYTES} bytes.",
                option=self._name[:64],
            )
        if not event.more_data:
            try:
                self.form.fields[self._name] = self._text.decode()
            except UnicodeDecodeError as error:
                raise InvalidOption(
                    f"The field `{self._name[:64]}` is not UTF-8.", option=self._name[:64]
                ) from error
