"""Reads a request's body piece by piece: bounded, whole or refused, drained when left unread."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Request, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestTimeout

from shared.errors import DocumentTooLarge, RequestError, UnsupportedMediaType

OVERHEAD_BYTES = 1 << 20
"""How much longer than its document a body may be, for the fields beside it."""

_CHUNK_BYTES = 64 * 1024
_READ = "docchu.body_read"
# A client that sends its whole body before it reads the answer must get to see the answer. So what
# is still coming is taken and thrown away for a while, once the answer is on its way.
_DRAIN_S = 10.0
_DRAIN_BYTES = 1 << 30


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
    request.environ[_READ] = True
    if announced is not None and size < announced:
        raise RequestError("The body ended before its Content-Length.")


def base64_pieces(request: Request, max_document_bytes: int) -> Iterator[bytes]:
    """Yield a body whose document is base64: 4 characters for 3 bytes, and line breaks."""
    yield from pieces(request, max_document_bytes, max_document_bytes // 2 + OVERHEAD_BYTES)


def drain_after(request: Request, answer: Response) -> None:
    """Take what is left of the body once the answer has been sent."""
    expected = request.content_length or request.headers.get("Transfer-Encoding")
    if expected and _READ not in request.environ:
        stream = request.stream
        answer.call_on_close(lambda: _drain(stream))


def _read(request: Request) -> bytes:
    try:
        return request.stream.read(_CHUNK_BYTES)
    except TimeoutError:
        request.environ[_READ] = True
        raise RequestTimeout("The body stopped coming.") from None
    except (OSError, ParseException) as error:
        request.environ[_READ] = True
        raise RequestError("The body was cut short or is malformed.") from error


def _drain(stream: object) -> None:
    deadline = time.monotonic() + _DRAIN_S
    left = _DRAIN_BYTES
    try:
        while left > 0 and time.monotonic() < deadline:
            data = stream.read(_CHUNK_BYTES)  # type: ignore[attr-defined]
            if not data:
                return
            left -= len(data)
    except (OSError, ParseException):  # the client is gone, which is as good
        return
