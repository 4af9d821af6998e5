"""The page that people use."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import Blueprint, Response

from api.http.packed import Packed, files, send
from api.jobs.formats import FORMATS

pages = Blueprint("pages", __name__)

_FOLDER = Path(__file__).with_name("web")
_INDEX = "index.html"
_CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@pages.get("/")
def index() -> Response:
    """The page itself."""
    return send(_index(), _CONTENT_SECURITY)


@pages.get("/web/<name>")
def part(name: str) -> Response:
    """A style, script or picture of the page."""
    return send(_index() if name == _INDEX else files(_FOLDER).get(name), _CONTENT_SECURITY)


@cache
def _index() -> Packed:
    plain = files(_FOLDER)[_INDEX].plain
    return Packed.of(_INDEX, plain.replace(b"{{ formats }}", " ".join(FORMATS).encode()))
