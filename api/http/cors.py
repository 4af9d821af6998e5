"""Lets pages of other origins in whom the operator names (CORS, Fetch Standard, 3.2)."""

from __future__ import annotations

from flask import Flask, Response, request

from shared.settings import Settings

_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Disposition, "
    "Idempotency-Key, If-None-Match, Last-Event-ID, Ocp-Apim-Subscription-Key, Prefer, Range, "
    "X-Filename, X-Request-ID",
    "Access-Control-Max-Age": "600",
}
_SHOWN = (
    "Content-Disposition, ETag, Idempotent-Replayed, Location, Operation-Location, "
    "Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
)


def register(app: Flask, settings: Settings) -> None:
    """Answer browsers that ask whether a page may call this service; without origins, nobody may.

    No cookie lets anybody in here: where there are keys a page can do nothing without its user's.
    """
    allowed = settings.cors_origins

    def answer_preflight() -> Response | None:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        return Response(status=204, headers=_HEADERS if _allows(allowed) else None)

    def tell(answer: Response) -> Response:
        answer.headers.add("Vary", "Origin")
        if _allows(allowed):
            answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
            answer.headers["Access-Control-Expose-Headers"] = _SHOWN
        return answer

    if allowed:
        app.before_request(answer_preflight)
        app.after_request(tell)


def _allows(origins: tuple[str, ...]) -> bool:
    origin = request.headers.get("Origin")
    return origin is not None and (origin in origins or "*" in origins)
