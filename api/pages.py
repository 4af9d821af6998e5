"""The page that people use."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import Blueprint, Response

from api.http.packed import Packed, files, send
from api.jobs.formats import FORMATS
from api.services import services

pages = Blueprint("pages", __name__)

_FOLDER = Path(__file__).with_name("web")
_INDEX = "index.html"
_CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@pages.get("/")
def index() -> Response:
    """The page itself."""
    return send(_file(_INDEX), _CONTENT_SECURITY)


@pages.get("/admin")
def operation() -> Response:
    """What operators look at."""
    return send(_file("admin.html"), _CONTENT_SECURITY)


@pages.get("/web/<name>")
def part(name: str) -> Response:
    """A style, script or picture of the page."""
    return send(_file(name), _CONTENT_SECURITY)


def _file(name: str) -> Packed | None:
    if name == _INDEX:
        return _index(" ".join(services().templates))
    return files(_FOLDER).get(name)


@cache
def _index(types: str) -> Packed:
    plain = files(_FOLDER)[_INDEX].plain
    plain = plain.replace(b"{{ formats }}", " ".join(FORMATS).encode())
    return Packed.of(_INDEX, plain.replace(b"{{ types }}", types.encode()))
