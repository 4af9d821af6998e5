"""The page that people use: a few files that are read once, compressed once, and revalidated."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, abort, request

from api.jobs.formats import FORMATS

pages = Blueprint("pages", __name__)

_FOLDER = Path(__file__).with_name("web")
_INDEX = "index.html"
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}
_CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True)
class _File:
    media_type: str
    plain: bytes
    packed: bytes
    etag: str


@pages.get("/")
def index() -> Response:
    """The page itself."""
    return _answer(_INDEX)


@pages.get("/web/<name>")
def part(name: str) -> Response:
    """A style, script or picture of the page."""
    return _answer(name)


def _answer(name: str) -> Response:
    file = _files().get(name) or abort(404)
    packs = bool(request.accept_encodings["gzip"])
    answer = Response(file.packed if packs else file.plain, mimetype=file.media_type)
    if packs:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Security-Policy"] = _CONTENT_SECURITY
    # Asked for each time, as a rule answered with 304: an update is whole or not at all.
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.set_etag(f"{file.etag}-gzip" if packs else file.etag)
    answer.make_conditional(request)
    return answer


@cache
def _files() -> dict[str, _File]:
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.is_file()}


def _read(path: Path) -> _File:
    data = path.read_bytes()
    if path.name == _INDEX:
        data = data.replace(b"{{ formats }}", " ".join(FORMATS).encode())
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return _File(
        media_type=media_type or "application/octet-stream",
        plain=data,
        packed=gzip.compress(data, mtime=0),
        etag=sha256(data).hexdigest()[:32],
    )
