"""What a caller may ask for with a document, and with a request: checked, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from werkzeug.datastructures import MultiDict

from api import strict_json
from api.problems import invalid_option
from shared.errors import DocchuError, InvalidOption
from shared.jobs import Options, Priority, Status, TextLayer
from shared.page_ranges import PageRanges
from shared.webhooks import Include

MAX_WAIT_S = 60
_MIN_TTL_S = 60
_MAX_TIMEOUT_S = 7 * 24 * 3600
_MAX_METADATA_BYTES = 4096
_PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?=[,;]|$)", re.IGNORECASE)


def _pages(value: object) -> object:
    if isinstance(value, str):
        _said(PageRanges.parse, value)
    return value


def _metadata(value: object) -> object:
    """Form fields and queries carry the object as JSON text."""
    if isinstance(value, str):
        if len(value.encode(errors="replace")) > _MAX_METADATA_BYTES:
            raise ValueError(f"it is longer than {_MAX_METADATA_BYTES} bytes")
        value = strict_json.loads(value)
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object")
    if strict_json.num_bytes(value) > _MAX_METADATA_BYTES:
        raise ValueError(f"it is longer than {_MAX_METADATA_BYTES} bytes")
    return value


def _said(function: Any, value: str) -> None:
    try:
        function(value)
    except DocchuError as error:
        raise ValueError(error.detail) from error


class JobOptions(BaseModel):
    """The options of a new job, in a form, a query or a JSON object."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority = Field(
        default="interactive", description="which queue the document waits in"
    )
    pages: Annotated[str | None, BeforeValidator(_pages)] = Field(
        default=None, description="pages to read, such as `1-3,7`; all of them where absent"
    )
    text_layer: TextLayer = Field(
        default="auto", description="whether the text that a PDF brings along may be used"
    )
    metadata: Annotated[dict[str, Any], BeforeValidator(_metadata)] = Field(
        default_factory=dict,
        description=f"a JSON object of up to {_MAX_METADATA_BYTES} bytes, returned untouched",
    )
    ttl_s: int | None = Field(
        default=None,
        ge=_MIN_TTL_S,
        description="seconds that the result is kept, less than the default",
    )

    timeout_s: int | None = Field(
        default=None,
        ge=1,
        le=_MAX_TIMEOUT_S,
        description="seconds from now in which the job must end; by its pages where absent",
    )
    webhook_url: str | None = Field(
        default=None, description="where the job's end is told, signed with the tenant's secret"
    )
    webhook_include: Include | None = Field(
        default=None, description="`text`: tell it with the text, where that fits"
    )

    model: str | None = Field(
        default=None,
        max_length=64,
        description="the model to read with, one of `/models`; the workers' own where absent",
    )

    def of_job(self) -> Options:
        """What of it belongs to the job's record."""
        return Options(**self.model_dump(exclude={"metadata"}))


class NoQuery(BaseModel):
    """No query at all."""

    model_config = ConfigDict(extra="forbid")


class WaitQuery(NoQuery):
    """How long to wait for a job's end."""

    wait: float = Field(
        default=0,
        ge=0,
        le=MAX_WAIT_S,
        description="seconds to wait for the job's end before the answer",
    )


class ListQuery(NoQuery):
    """Which jobs to list."""

    status: Status | None = Field(default=None, description="only jobs of this status")
    limit: int = Field(default=20, ge=1, le=100, description="jobs in one answer, at most")
    cursor: str | None = Field(
        default=None, max_length=64, description="`next_cursor` of the answer before"
    )


def parse_options(*sources: Mapping[str, Any], max_ttl_s: int) -> JobOptions:
    """Merge the options of query, form or JSON and check them. Raises InvalidOption."""
    given: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            if name in given:
                raise InvalidOption(f"`{name[:64]}` is given twice.", option=name[:64])
            given[name] = value
    try:
        options = JobOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid_option(str(first["loc"][0])[:64], first["msg"]) from None
    if options.ttl_s is not None and options.ttl_s > max_ttl_s:
        raise InvalidOption(f"`ttl_s` must not be more than {max_ttl_s}.", option="ttl_s")
    return options


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
