"""Reads many documents at once, in any of their forms, into one upload that is unpacked later.

Several files of a form become a zip on the way, uncompressed, so that one kind of upload is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from flask import Request
from pydantic import Field, WithJsonSchema

from api.batches.failed_lines import FailedLines
from api.batches.zip_writer import ZipWriter
from api.http.body import OVERHEAD_BYTES, pieces
from api.http.multipart import read_form
from api.http.operations import BASE64, BINARY, JSON, Body, Form
from shared.blobs import Upload
from shared.errors import DocumentTooLarge, EmptyDocument, UnsupportedMediaType
from shared.incoming.json_body import read_json
from shared.incoming.paths import MAX_CUSTOM_ID, clean_path
from shared.option_values import CustomId
from shared.options import BatchRequest, LineRequest
from shared.settings import Settings

ZIP_TYPES = ("application/zip", "application/x-zip-compressed")
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_MAGIC_BYTES = 4
_MAX_FIELDS = 32  # parts of a form beside its files
_KEEP_S = 10.0  # how often a long upload says that it is still coming in

Kind = Literal["zip", "ndjson"]
_FILES = {"type": "array", "items": BINARY, "description": "the documents, or one zip of them"}


class DocumentLine(LineRequest):
    """One such object a line; fields of the batch in the query."""

    custom_id: CustomId | None = Field(
        default=None, description="its own name; the line's number if absent"
    )
    name: str | None = Field(default=None, description="the document's name")
    url: str | None = Field(default=None, description="where to fetch the document")
    data: Annotated[str, WithJsonSchema(BASE64)] | None = Field(
        default=None, description="the document in base64, instead of `url`"
    )


_STREAMS = {
    ZIP_TYPES[0]: {**BINARY, "description": "a zip of documents; fields in the query"},
    LINE_TYPES[0]: DocumentLine,
}
DOCUMENTS = Body({"multipart/form-data": Form({"file": _FILES}, ("file",)), **_STREAMS})
BEGINNING = Body(
    {"multipart/form-data": Form({"file": _FILES}), JSON: BatchRequest, **_STREAMS},
    BatchRequest,
    required=False,
)


@dataclass(frozen=True)
class ReceivedUpload:
    """What a request brought: the fields in its body, and of which kind its upload is.

    None: there are no documents in it.
    """

    fields: BatchRequest = field(default_factory=BatchRequest)
    kind: Kind | None = None


def receive_documents(
    request: Request,
    settings: Settings,
    upload: Upload,
    keep: Callable[[], None] = lambda: None,
) -> ReceivedUpload:
    """Read the request's body; documents go into the upload as they come.

    `fields` are those of the body: the query's are the caller's. `keep` is called every few
    seconds. Raises RequestError and its kinds.
    """
    sink = _UploadWriter(upload, keep)
    if request.mimetype == "multipart/form-data":
        return _form(request, settings, sink)
    if request.mimetype == "application/json":
        if request.content_length == 0:
            return ReceivedUpload()
        body = pieces(request, OVERHEAD_BYTES)
        members = read_json(body, sink, ()).members
        return ReceivedUpload(BatchRequest.of_json(members, settings.result_ttl_s))
    lines = FailedLines(settings.max_finished_jobs_per_tenant)
    try:
        for piece in pieces(request, settings.max_batch_bytes):
            sink.write(piece)
            if request.mimetype in LINE_TYPES:
                upload.run(lines.write, piece)
            if len(upload.head) >= _MAGIC_BYTES:
                _kind(request, upload)  # as soon as it can be known
    except DocumentTooLarge as error:
        raise _too_large(settings) from error
    lines.end()
    return ReceivedUpload(kind=_kind(request, upload))


class _UploadWriter:
    """Writes to an upload and says now and then that it is still coming in."""

    def __init__(self, upload: Upload, keep: Callable[[], None]) -> None:
        self.upload = upload
        self._keep = keep
        self._kept = time.monotonic()

    def write(self, data: bytes, /) -> None:
        self.upload.write(data)
        if time.monotonic() - self._kept > _KEEP_S:
            self._kept = time.monotonic()
            self._keep()

    def close(self) -> None:
        pass


class _FilesSink:
    """Writes the files of a form into one zip; a zip that comes alone stays what it is.

    That one has the beginning of another zip in front of it, which those who read zips skip.
    """

    def __init__(self, sink: _UploadWriter) -> None:
        self._zip = ZipWriter(sink.write)
        self._name: str | None = None  # of a file of which nothing came yet
        self._head = b""
        self.num_files = 0

    def begin(self, name: str) -> None:
        self._name = name

    def write(self, data: bytes, /) -> None:
        if not data:
            return
        self._open()
        if self.num_files == 1 and len(self._head) < _MAGIC_BYTES:
            self._head = (self._head + data)[:_MAGIC_BYTES]
        self._zip.data(data)

    def close(self) -> None:
        if self._name:  # a browser sends a field without a file as one without a name
            self._open()
        self._name = None

    def finish(self) -> None:
        """Say that this was the last file."""
        if self.num_files == 1 and self._head in _ZIP_STARTS:
            self._zip.drop()
        else:
            self._end_entry()
            self._zip.close()

    def drop(self) -> None:
        """Let go of everything."""
        self._zip.drop()

    def _open(self) -> None:
        """Begin the file's entry if that has not been done."""
        if self._name is None:
            return
        self._end_entry()
        self.num_files += 1
        # One character too many is enough to be refused later.
        name = clean_path(self._name)[: MAX_CUSTOM_ID + 1] or f"document {self.num_files}"
        self._zip.begin(name)
        self._name = None

    def _end_entry(self) -> None:
        if self.num_files:
            self._zip.end()


def _form(request: Request, settings: Settings, sink: _UploadWriter) -> ReceivedUpload:
    files = _FilesSink(sink)
    try:
        form = read_form(
            pieces(request, settings.max_batch_bytes, OVERHEAD_BYTES),
            request.mimetype_params.get("boundary", ""),
            files,
            begin=files.begin,
            max_parts=settings.max_batch_jobs + _MAX_FIELDS,
        )
        files.finish()
    except DocumentTooLarge as error:
        raise _too_large(settings) from error
    finally:
        files.drop()
    given = {name: value for name, value in form.fields.items() if value != ""}
    fields = BatchRequest.of_texts(given, settings.result_ttl_s)
    return ReceivedUpload(fields, "zip" if files.num_files else None)


def _kind(request: Request, upload: Upload) -> Kind | None:
    """What a raw body is. Raises EmptyDocument, UnsupportedMediaType."""
    if request.mimetype in LINE_TYPES:
        if upload.size == 0:
            raise EmptyDocument("There is no line in the body.")
        return "ndjson"
    if upload.head[:_MAGIC_BYTES] in _ZIP_STARTS:
        return "zip"
    if request.mimetype in ZIP_TYPES:
        raise UnsupportedMediaType("The body is no zip.")
    if upload.size:
        raise UnsupportedMediaType(
            "A batch takes a form with `file` parts, a zip (`application/zip`) or lines of JSON "
            "(`application/x-ndjson`)."
        )
    return None


def _too_large(settings: Settings) -> DocumentTooLarge:
    detail = "The upload is larger than this service takes at once: send it in several parts."
    return DocumentTooLarge(detail, max_bytes=settings.max_batch_bytes)
