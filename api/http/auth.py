"""Who is calling: the tenant of the API key, or the one tenant of a service that wants no key."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import structlog
from flask import Request, g, request

from api.services import Services, services
from shared.errors import Forbidden, Unauthorized
from shared.store.api_keys import DEFAULT_TENANT


def authenticate() -> None:
    """Set the request's tenant. Raises Unauthorized."""
    g.tenant = tenant_of(services(), request)
    structlog.contextvars.bind_contextvars(tenant=g.tenant)


def authenticate_operator() -> None:
    """Let in who may see what is of the whole service. Raises Unauthorized, Forbidden."""
    parts, token = services(), _bearer(request)
    tenant_of(parts, request)
    key = parts.api_keys.find(token) if token and parts.settings.auth != "off" else None
    if key and key.role != "admin":
        raise Forbidden


def tenant() -> str:
    """The tenant of the present request."""
    return str(g.tenant)


def tenant_of(parts: Services, caller: Request) -> str:
    """Find the caller's tenant. Raises Unauthorized."""
    settings = parts.settings
    if settings.auth == "off":
        return DEFAULT_TENANT
    token = _bearer(caller)
    if token:
        found = parts.api_keys.find(token)
        if found:
            return found.tenant
    if settings.auth == "auto" and settings.on_loopback and not parts.api_keys.any():
        if not _from_this_machine(caller):
            raise Unauthorized(
                "Without API keys this service is open to this machine alone: "
                "make a key with `docchu keys create`."
            )
        return DEFAULT_TENANT
    raise Unauthorized("This API key is not valid." if token else None)


def _bearer(caller: Request) -> str | None:
    scheme, _, token = caller.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _from_this_machine(caller: Request) -> bool:
    """Whether the request was meant for this machine, as far as its headers tell.

    Listening on loopback keeps other machines out, but not the pages in this machine's browser
    (DNS rebinding, cross-site forms), nor what a proxy in front lets through.
    """
    origin = caller.headers.get("Origin")
    hosts = [urlsplit(f"//{caller.host}").hostname]
    if origin:
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
