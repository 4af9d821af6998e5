"""The description of the API: as OpenAPI, and as a page for people, made from it."""

from __future__ import annotations

import json
import threading
from typing import cast

from flask import Blueprint, Response, current_app, render_template

from api.http.openapi import describe
from api.services import services

docs = Blueprint("docs", __name__)

_NAME = "docchu.docs"
_MAKING = threading.Lock()  # making it takes a while, so it is done once
_CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)


@docs.get("/openapi.json")
@docs.get("/api-description", endpoint="api_description")  # where TorchServe has it
def openapi() -> Response:
    """The API as OpenAPI."""
    return Response(_made()[0], mimetype="application/json")


@docs.get("/docs")
def page() -> Response:
    """The API for people."""
    answer = Response(_made()[1], mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _CONTENT_SECURITY
    return answer


def _made() -> tuple[str, str]:
    """Both forms. The first call makes them, which takes a while, so that it is done once."""
    with _MAKING:
        known = current_app.extensions.get(_NAME)
        if known is None:
            spec = describe(current_app, services().settings.result_ttl_s)
            known = json.dumps(spec, ensure_ascii=False), render_template("docs.html", spec=spec)
            current_app.extensions[_NAME] = known
    return cast(tuple[str, str], known)
