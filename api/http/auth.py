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

_TO_LOOK = ("GET", "HEAD")
_TO_SUBMIT = frozenset(
    {
        *("jobs", "batches", "timeline", "events", "results", "page_results", "files"),
        "batch_results",
        *("torchserve", "azure", "openwebui"),
    }
)
"""The blueprints in which a document is sent in and what became of it fetched."""
_LISTS = frozenset({"jobs.list_jobs", "batches.list_batches"})
_SECRET = "webhooks"
"""The blueprint that shows what webhooks are signed by, and sent with."""


def authenticate() -> None:
    """Set what lets the request in. Raises Unauthorized, Forbidden."""
    parts = services()
    g.grant = grant_of(parts, request)
    _check_role(g.grant, request)
    structlog.contextvars.bind_contextvars(tenant=g.grant.tenant)
    if parts.settings.auth != "off":
        parts.grants.open(g.grant)


def grant() -> Grant:
    """What let the present request in."""
    return cast(Grant, g.grant)


def authenticate_operator() -> None:
    """Let in who may see what is of the whole service. Raises Unauthorized, Forbidden."""
    g.grant = grant_of(services(), request)
    if g.grant.key and g.grant.role != "admin":
        raise Forbidden


def _check_role(found: Grant, caller: Request) -> None:
    """Raise Forbidden for what a key of this role is not for.

    `read` changes nothing and sees no secret. `submit` sends documents in and follows them by their
    ids, which nobody can guess: it sees no list, and erases nothing. What is added to the API later
    is for it only where it stands in these rooms.
    """
    is_look, room = caller.method in _TO_LOOK, caller.blueprint
    if found.role == "read" and (not is_look or room == _SECRET):
        raise Forbidden("This API key is for reading alone.")
    is_sent = room in _TO_SUBMIT and caller.method != "DELETE" and caller.endpoint not in _LISTS
    if found.role == "submit" and not is_sent:
        raise Forbidden("This API key is for submitting documents and fetching what is read.")


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
            return Grant(
                found.tenant,
                token_hash(token),
                connection,
                by=found.name or found.id,
                role=found.role,
                key_id=found.id,
            )
    if settings.auth == "auto" and settings.on_loopback and not parts.api_keys.any():
        if not _from_this_machine(caller, settings.cors_origins):
            raise Unauthorized(
                "Without API keys this service is open to this machine alone: "
                "make a key with `docchu keys create`."
            )
        return Grant(DEFAULT_TENANT, None, connection)
    raise Unauthorized("This API key is not valid, or not any more." if token else None)


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
