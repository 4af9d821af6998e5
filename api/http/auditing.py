"""Notes who did what that takes something from others, or holds it up; in the store and the log."""

from __future__ import annotations

import structlog
from flask import Response, g, request

from api.http.grants import Grant
from api.services import services
from shared.errors import Unavailable

_log = structlog.get_logger()
_NOTED = {
    "jobs.erase_job": "erase",
    "jobs.cancel_job": "cancel",
    "azure.erase_analysis": "erase",
    "batches.erase_batch": "erase",
    "batches.cancel_batch": "cancel",
    "batches.retry_batch": "retry",
    "webhooks.delete_webhook": "delete",
    "webhooks.rotate_webhook": "rotate",
    "webhooks.rotate_secret": "rotate",
    "management.register_model": "register",
    "management.unregister_model": "unregister",
    "management.unregister_model_version": "unregister",
}
"""By the view. What operators do says so itself (`say`)."""


def say(what: str, on: str) -> None:
    """Note this of the present request."""
    g.audited = (what, on)


def note(answer: Response) -> None:
    """Note what the present request has done, if it is to be noted."""
    caller: Grant | None = g.get("grant")
    default = (_NOTED.get(request.endpoint or ""), " ".join((request.view_args or {}).values()))
    what, on = g.get("audited", default)
    if not what or caller is None or answer.status_code >= 400:
        return
    who = caller.key_id or f"without a key, from {request.remote_addr}"
    _log.info("noted in the audit log", who=who, what=what, on=on)
    try:
        services().audit.note(who, what, on, caller.tenant)
    except Unavailable as error:  # it is done by now: it must not look as if it were not
        _log.warning("store is away; this is in the log alone", reason=error.reason)
