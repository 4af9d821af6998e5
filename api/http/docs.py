"""The description of the API: as OpenAPI, and as a page for people, made from it."""

from __future__ import annotations

import threading
from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, render_template

_DESCRIBING = threading.Lock()

docs = APIBlueprint("docs", __name__, enable_openapi=False)

_CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


@docs.get("/openapi.json")
def openapi() -> Response:
    """The API as OpenAPI."""
    return jsonify(_spec())


@docs.get("/docs")
def page() -> Response:
    """The API for people."""
    text = render_template("docs.html", spec=_spec())
    answer = Response(text, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _CONTENT_SECURITY
    return answer


def _spec() -> dict[str, Any]:
    """The document. The first call makes it, and APIFlask shows it to others before it is done."""
    with _DESCRIBING:
        return cast(dict[str, Any], cast(APIFlask, current_app).spec)
