"""The description of the API: as OpenAPI, and as a page that shows it and tries it out."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app

from api.http.openapi import describe
from api.http.packed import files, send
from api.services import services

docs = Blueprint("docs", __name__)

_NAME = "docchu.docs"
_MAKING = threading.Lock()
_VIEWER = Path(__file__).parents[1] / "viewer"
# Swagger UI asks this service and nobody else; its pictures are in its style sheet.
_CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@docs.get("/openapi.json")
@docs.get("/api-description", endpoint="api_description")  # where TorchServe has it
def openapi() -> Response:
    """The API as OpenAPI."""
    return Response(_made(), mimetype="application/json")


@docs.get("/docs")
def page() -> Response:
    """The API for people."""
    return send(files(_VIEWER)["index.html"], _CONTENT_SECURITY)


@docs.get("/docs/<name>")
def part(name: str) -> Response:
    """A style or script of that page."""
    return send(files(_VIEWER).get(name), _CONTENT_SECURITY)


def _made() -> str:
    """The description. Making it takes a while, so it is done once."""
    with _MAKING:
        known = current_app.extensions.get(_NAME)
        if known is None:
            spec = describe(current_app, services().settings.result_ttl_s)
            known = json.dumps(spec, ensure_ascii=False)
            current_app.extensions[_NAME] = known
    return cast(str, known)
