"""Files of a folder for browsers: read once, compressed once, and revalidated."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Response, abort, request

_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


@dataclass(frozen=True)
class Packed:
    """A file as it goes out."""

    media_type: str
    plain: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Packed:
        """The file of this name with these bytes."""
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
        return cls(
            media_type=kind or "application/octet-stream",
            plain=data,
            packed=gzip.compress(data, mtime=0),
            etag=sha256(data).hexdigest()[:32],
        )


@cache
def files(folder: Path) -> dict[str, Packed]:
    """The files of a folder by their names."""
    paths = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return {path.name: Packed.of(path.name, path.read_bytes()) for path in paths}


def send(file: Packed | None, content_security: str) -> Response:
    """Answer with a file; 404 where there is none."""
    if file is None:
        abort(404)
    packs = bool(request.accept_encodings["gzip"])
    answer = Response(file.packed if packs else file.plain, mimetype=file.media_type)
    if packs:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Security-Policy"] = content_security
    # Asked for each time, as a rule answered with 304: an update is whole or not at all.
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.set_etag(f"{file.etag}-gzip" if packs else file.etag)
    answer.make_conditional(request)
    return answer
