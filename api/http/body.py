"""Reads a request's body piece by piece: bounded, whole or refused."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestTimeout

from shared.errors import DocumentTooLarge, RequestError, UnsupportedMediaType

OVERHEAD_BYTES = 1 << 20
"""How much longer than its document a body may be, for the fields beside it."""

_CHUNK_BYTES = 64 * 1024


def pieces(request: Request, max_document_bytes: int, more_bytes: int = 0) -> Iterator[bytes]:
    """Yield the body, which may be so much longer than the document in it.

    Raises DocumentTooLarge as soon as it is known to be longer, RequestError if it ends before its
    announced length, UnsupportedMediaType where it is packed.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        shown = f"The body is encoded as `{encoding[:64]}`"
        raise UnsupportedMediaType(f"{shown}: send it as it is, without Content-Encoding.")
    max_bytes = max_document_bytes + more_bytes
    announced = request.content_length
    if announced is not None and announced > max_bytes:
        raise DocumentTooLarge(max_bytes=max_document_bytes)
    size = 0
    while data := _read(request):
        size += len(data)
        if size > max_bytes:
            raise DocumentTooLarge(max_bytes=max_document_bytes)
        yield data
    if announced is not None and size < announced:
        raise RequestError("The body ended before its Content-Length.")


def base64_pieces(request: Request, max_document_bytes: int) -> Iterator[bytes]:
    """Yield a body whose document is base64: 4 characters for 3 bytes, and line breaks."""
    yield from pieces(request, max_document_bytes, max_document_bytes // 2 + OVERHEAD_BYTES)


def _read(request: Request) -> bytes:
    try:
        return request.stream.read(_CHUNK_BYTES)
    except TimeoutError:
        raise RequestTimeout("The body stopped coming.") from None
    except (OSError, ParseException) as error:
        raise RequestError("The body was cut short or is malformed.") from error
