"""The audit log: who erased, canceled, retried, paused; bounded, and only ever added to."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shared.errors import InvalidOption
from shared.jobs import Moment, moment
from shared.store import keys
from shared.store.scripts import Client, store_faults

_MOST = 10_000  # entries, or a few more; the log of the process has them all
COMMAND_LINE = "command line"


class AuditEntry(BaseModel):
    """Something that was done to others' work, or to the whole service."""

    id: str
    at: Moment
    who: str = Field(description="the id of the API key, or how one came in without")
    what: str
    on: str = Field(description="what it was done to")
    tenant: str = Field(description="whose key it was")


class AuditLog:
    """Every method raises Unavailable when the server is away."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def note(self, who: str, what: str, on: str = "", tenant: str = "") -> None:
        """Add an entry; the oldest are let go."""
        entry = {"who": who, "what": what, "on": on, "tenant": tenant}
        with store_faults():
            self._client.xadd(keys.AUDIT, entry, maxlen=_MOST, approximate=True)

    def newest(self, limit: int, before: str | None = None) -> list[AuditEntry]:
        """The newest entries, or those before one. Raises InvalidOption for a bad id."""
        if before is not None and not all(part.isdecimal() for part in before.split("-", 1)):
            raise InvalidOption("`cursor` is none that this service gave.", option="cursor")
        with store_faults():
            last = "+" if before is None else f"({before}"
            found = self._client.xrevrange(keys.AUDIT, last, "-", count=limit)
        return [AuditEntry(id=one, at=moment(one.partition("-")[0]), **it) for one, it in found]
