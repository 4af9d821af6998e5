"""NDJSON as an upload: a document a line, its bytes as base64 in it or behind a URL."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from pydantic import TypeAdapter, ValidationError

from keeper.unpacking.items import Described
from keeper.unpacking.limits import UploadLimits
from shared.errors import (
    DocumentTooLarge,
    EmptyDocument,
    InvalidOption,
    RequestError,
    TooManyDocuments,
)
from shared.incoming.json_body import read_json
from shared.incoming.paths import MAX_CUSTOM_ID, clean_path, printable
from shared.incoming.sinks import Base64Sink, Sink
from shared.option_values import CustomId
from shared.options import LineRequest
from shared.outgoing.addresses import check_plain
from shared.settings import Network

_PIECE_BYTES = 64 * 1024
_CUSTOM_ID: TypeAdapter[str] = TypeAdapter(CustomId)
_TAKEN = object()  # stands for a document that went into its sink
_OVERHEAD_BYTES = 1 << 20  # of a line, for what it has beside its document
_LINES_PER_DOCUMENT = 4  # blank ones count as lines, too


@dataclass(frozen=True)
class Allowed:
    """Where documents may be and events go, how long results are kept, who knows the models."""

    targets: tuple[Network, ...]
    max_ttl_s: int
    check_model: Callable[[str | None], None]


class LineSource:
    """Lines on disk."""

    def __init__(self, path: Path, limits: UploadLimits, allowed: Allowed) -> None:
        self.file = path.open("rb")
        self.limits = limits
        self.allowed = allowed

    def items(self, after: int) -> Iterator[LineItem]:
        """The documents in their order, without the first `after` lines.

        Each must be taken before the next one. Raises TooManyDocuments.
        """
        self.file.seek(0)
        number = num_documents = 0
        max_documents = self.limits.max_batch_jobs
        while first := self.file.readline(_PIECE_BYTES):
            number += 1
            is_blank = first.endswith(b"\n") and not first.strip()
            num_documents += not is_blank
            if num_documents > max_documents or number > _LINES_PER_DOCUMENT * max_documents:
                raise TooManyDocuments(max_documents=max_documents)
            if number > after and not is_blank:
                yield LineItem(self, number, first.removeprefix(BOM_UTF8) if number == 1 else first)
            elif not first.endswith(b"\n"):
                _skip(self.file)

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()


@dataclass(frozen=True)
class LineItem:
    """A line whose first piece was read; the file stands behind that."""

    batch_upload: LineSource
    number: int
    first: bytes
    custom_id: None = None  # it stands somewhere in the line, maybe behind the document

    def take(self, sink: Sink) -> Described:
        """Hand its document to the sink. Raises ServiceError alone."""
        patient = _PatientSink(Base64Sink(sink))
        default = str(self.number)
        try:
            members = self._read(patient)
        except RequestError as error:
            return Described(default, problem=error)
        try:
            custom_id = _custom_id(members.pop("custom_id", default))
        except InvalidOption as error:
            return Described(default, problem=error)
        name = members.pop("name", None)
        try:
            described = self._describe(custom_id, name, members)
            return replace(described, problem=patient.problem)
        except RequestError as error:
            return Described(custom_id, _text(name) or custom_id, problem=error)

    def _read(self, sink: _PatientSink) -> dict[str, Any]:
        """Read the line to its end, whatever is wrong with it."""
        max_bytes = self.batch_upload.limits.max_upload_bytes
        # 4 characters for 3 bytes, some line breaks among them, written as `\n`.
        most = max_bytes + max_bytes // 2 + _OVERHEAD_BYTES
        pieces = _pieces(self.first, self.batch_upload.file, most)
        try:
            read = read_json(pieces, sink, ("data",))
        finally:
            for _ in pieces:
                pass
        if read.document_key is not None:
            return {**read.members, "data": _TAKEN}
        return read.members

    def _describe(self, custom_id: str, name: Any, members: dict[str, Any]) -> Described:
        data, url = members.pop("data", None), members.pop("url", None)
        if data is not None and data is not _TAKEN:
            raise InvalidOption("`data` must be a string of base64.", option="data")
        if name is not None and not isinstance(name, str):
            raise InvalidOption("`name` must be a string.", option="name")
        allowed = self.batch_upload.allowed
        options = LineRequest.of_json(members, allowed.max_ttl_s)
        allowed.check_model(options.model)
        if options.webhook_url is not None:
            check_plain(options.webhook_url, allowed.targets)
        if url is not None:
            if data:
                raise InvalidOption("Give either `url` or `data`, not both.", option="url")
            if not isinstance(url, str):
                raise InvalidOption("`url` must be a string.", option="url")
            check_plain(url, allowed.targets)
            name = name or _name_in(url)
        elif not data:
            raise EmptyDocument("The line has neither `url` nor `data`.")
        shown = _text(name) or custom_id
        return Described(custom_id, shown, options, options.metadata, url=url)


@dataclass
class _PatientSink:
    """Takes a document up to the first thing that is wrong, and lets the rest go by.

    What stands behind it in the line, its `custom_id` perhaps, can be read all the same.
    """

    sink: Sink
    problem: RequestError | None = field(default=None)

    def write(self, data: bytes, /) -> None:
        self._try(lambda: self.sink.write(data))

    def close(self) -> None:
        self._try(self.sink.close)

    def _try(self, step: Callable[[], object]) -> None:
        if self.problem is None:
            try:
                step()
            except RequestError as error:
                self.problem = error


def _pieces(first: bytes, file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """The line without its break, piece by piece; to its end even if it is too long."""
    size, piece = 0, first
    while piece:
        size += len(piece)
        if size > max_bytes and not piece.endswith(b"\n"):
            _skip(file)
            raise DocumentTooLarge("The line is longer than any document that is taken.")
        yield piece.rstrip(b"\r\n") if piece.endswith(b"\n") else piece
        if piece.endswith(b"\n"):
            return
        piece = file.readline(_PIECE_BYTES)


def _skip(file: BinaryIO) -> None:
    while (piece := file.readline(_PIECE_BYTES)) and not piece.endswith(b"\n"):
        pass


def _custom_id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        return _CUSTOM_ID.validate_python(value)
    except ValidationError:
        raise InvalidOption(
            f"`custom_id` must be a string of 1 to {MAX_CUSTOM_ID} printable characters.",
            option="custom_id",
        ) from None


def _name_in(url: str) -> str:
    return unquote(urlsplit(url).path, errors="replace").rpartition("/")[2]


def _text(name: Any) -> str | None:
    return clean_path(printable(name)) or None if isinstance(name, str) else None
