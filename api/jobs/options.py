"""What a caller may ask for with a request, beside the options of a document."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field
from werkzeug.datastructures import MultiDict

from shared.errors import InvalidOption
from shared.jobs import Status

MAX_WAIT_S = 60
_PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?=[,;]|$)", re.IGNORECASE)


class NoQuery(BaseModel):
    """No query at all."""

    model_config = ConfigDict(extra="forbid")


class WaitQuery(NoQuery):
    """How long to wait for the end."""

    wait: float = Field(
        default=0,
        ge=0,
        le=MAX_WAIT_S,
        description="seconds to wait for the end before the answer",
    )


class ListQuery(NoQuery):
    """Which jobs to list."""

    status: Status | None = Field(default=None, description="only jobs of this status")
    limit: int = Field(default=20, ge=1, le=100, description="jobs in one answer, at most")
    cursor: str | None = Field(
        default=None, max_length=64, description="`next_cursor` of the answer before"
    )


def texts(source: MultiDict[str, str]) -> dict[str, str]:
    """A query's or form's options; empty ones count as absent, as browsers send empty fields."""
    for name, values in source.lists():
        if len(values) > 1:
            raise InvalidOption(f"`{name[:64]}` is given twice.", option=name[:64])
    return {name: value for name, value in source.items() if value != ""}


def preferred_wait_s(header: str | None) -> int | None:
    """The seconds of `Prefer: wait=N` (RFC 7240), at most MAX_WAIT_S; the rest is ignored."""
    match = _PREFER_WAIT.search(header or "")
    return min(int(match[1]), MAX_WAIT_S) if match else None
