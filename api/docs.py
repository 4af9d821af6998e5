"""The description of the API: as OpenAPI, and as a page for people, made from it."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, render_template

docs = APIBlueprint("docs", __name__, enable_openapi=False)

_CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


@docs.get("/openapi.json")
def openapi() -> Response:
    """The API as OpenAPI."""
    return jsonify(current_app.spec)  # type: ignore[attr-defined]


@docs.get("/docs")
def page() -> Response:
    """The API for people."""
    text = render_template("docs.html", spec=current_app.spec)  # type: ignore[attr-defined]
    answer = Response(text, mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _CONTENT_SECURITY
    return answer
