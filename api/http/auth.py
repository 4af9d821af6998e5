"""Who is calling: the tenant of the API key, or the one tenant of a service that wants no key."""

from __future__ import annotations

import ipaddress
from typing import cast
from urllib.parse import urlsplit

import structlog
from flask import Request, g, request

from api.http.grants import Grant
from api.services import Services, services
from shared.errors import Forbidden, Unauthorized
from shared.store.api_keys import DEFAULT_TENANT, token_hash


def authenticate() -> None:
    """Set what lets the request in. Raises Unauthorized."""
    parts = services()
    g.grant = grant_of(parts, request)
    structlog.contextvars.bind_contextvars(tenant=g.grant.tenant)
    if parts.settings.auth != "off":
        parts.grants.open(g.grant)


def grant() -> Grant:
    """What let the present request in."""
    return cast(Grant, g.grant)


def authenticate_operator() -> None:
    """Let in who may see what is of the whole service. Raises Unauthorized, Forbidden."""
    parts, token = services(), _token(request)
    grant_of(parts, request)
    key = parts.api_keys.find(token) if token and parts.settings.auth != "off" else None
    if key and key.role != "admin":
        raise Forbidden


def tenant() -> str:
    """The tenant of the present request."""
    return grant().tenant


def grant_of(parts: Services, caller: Request) -> Grant:
    """Find out for whom the caller may work. Raises Unauthorized."""
    settings, connection = parts.settings, caller.environ.get("gunicorn.socket")
    if settings.auth == "off":
        return Grant(DEFAULT_TENANT)
    token = _token(caller)
    if token:
        found = parts.api_keys.find(token)
        if found:
            return Grant(found.tenant, token_hash(token), connection)
    if settings.auth == "auto" and settings.on_loopback and not parts.api_keys.any():
        if not _from_this_machine(caller, settings.cors_origins):
            raise Unauthorized(
                "Without API keys this service is open to this machine alone: "
                "make a key with `docchu keys create`."
            )
        return Grant(DEFAULT_TENANT, None, connection)
    raise Unauthorized("This API key is not valid." if token else None)


def _token(caller: Request) -> str | None:
    """The key, as a bearer's token or where Azure's clients send theirs."""
    scheme, _, token = caller.headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return bearer or caller.headers.get("Ocp-Apim-Subscription-Key", "").strip() or None


def _from_this_machine(caller: Request, origins: tuple[str, ...]) -> bool:
    """Whether the request was meant for this machine, as far as its headers tell.

    Pages of these `origins` are as good as this machine's own: the operator has named them.

    Listening on loopback keeps other machines out, but not the pages in this machine's browser
    (DNS rebinding, cross-site forms), nor what a proxy in front lets through.
    """
    origin = caller.headers.get("Origin")
    hosts = [urlsplit(f"//{caller.host}").hostname]
    if origin and origin not in origins:
        hosts.append(_host_of_origin(origin))
    return all(host is not None and _is_loopback(host) for host in hosts)


def _host_of_origin(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
