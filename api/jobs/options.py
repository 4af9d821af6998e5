"""What a caller may ask for with a document, and with a request: checked, or refused by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from werkzeug.datastructures import MultiDict

from api.http.problems import invalid_option
from shared.batches import BatchOptions
from shared.errors import InvalidOption
from shared.incoming import strict_json
from shared.incoming.paths import MAX_CUSTOM_ID
from shared.jobs import Options, Priority, Status, TextLayer
from shared.page_ranges import PageRanges
from shared.webhooks import Include

MAX_WAIT_S = 60
MIN_TTL_S = 60
MAX_TIMEOUT_S = 7 * 24 * 3600
MAX_METADATA_BYTES = 4096
_PREFER_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?([0-9]{1,6})\"?\s*(?=[,;]|$)", re.IGNORECASE)


def as_pages(value: object) -> object:
    """Check page ranges. Raises ValueError."""
    if isinstance(value, str):
        PageRanges.parse(value)
    return value


def as_metadata(value: object) -> object:
    """Check metadata; form fields and queries carry it as JSON text. Raises ValueError."""
    if isinstance(value, str):
        if len(value.encode(errors="replace")) > MAX_METADATA_BYTES:
            raise ValueError(f"it is longer than {MAX_METADATA_BYTES} bytes")
        value = strict_json.loads(value)
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object")
    if strict_json.num_bytes(value) > MAX_METADATA_BYTES:
        raise ValueError(f"it is longer than {MAX_METADATA_BYTES} bytes")
    return value


def _custom_id(value: str | None) -> str | None:
    if value is None:
        return None
    if not value.isprintable() or not value.strip():
        raise ValueError("it must be printable")
    return unicodedata.normalize("NFC", value)


class JobOptions(BaseModel):
    """The options of a new job, in a form, a query or a JSON object."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority = Field(
        default="interactive", description="which queue the document waits in"
    )
    pages: Annotated[str | None, BeforeValidator(as_pages)] = Field(
        default=None, description="pages to read, such as `1-3,7`; all of them where absent"
    )
    text_layer: TextLayer = Field(
        default="auto", description="whether the text that a PDF brings along may be used"
    )
    metadata: Annotated[dict[str, Any], BeforeValidator(as_metadata)] = Field(
        default_factory=dict,
        description=f"a JSON object of up to {MAX_METADATA_BYTES} bytes, returned untouched",
    )
    ttl_s: int | None = Field(
        default=None,
        ge=MIN_TTL_S,
        description="seconds that the result is kept, less than the default",
    )

    timeout_s: int | None = Field(
        default=None,
        ge=1,
        le=MAX_TIMEOUT_S,
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
    batch_id: str | None = Field(
        default=None, max_length=64, description="the open batch that the job goes into"
    )
    custom_id: Annotated[str | None, AfterValidator(_custom_id)] = Field(
        default=None,
        min_length=1,
        max_length=MAX_CUSTOM_ID,
        description="your name for the document in its batch, wanted there: sending it again "
        "answers the job that is there",
    )

    def check_place(self) -> None:
        """Raise InvalidOption where a batch is named without the place in it, or the reverse."""
        for one, other in (("batch_id", "custom_id"), ("custom_id", "batch_id")):
            if getattr(self, one) is not None and getattr(self, other) is None:
                raise InvalidOption(f"`{one}` needs `{other}` beside it.", option=one)

    def of_job(self, batch: BatchOptions | None = None) -> Options:
        """What of it belongs to the job's record; what is not given is as its batch says."""
        own = self.model_dump(exclude={"metadata", "batch_id", "custom_id"})
        if batch is None:
            return Options(**own)
        given = {name: own[name] for name in self.model_fields_set & own.keys()}
        return batch.of_job().model_copy(update=given)


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


def parse_options(*sources: Mapping[str, Any], max_ttl_s: int) -> JobOptions:
    """Merge the options of query, form or JSON and check them. Raises InvalidOption."""
    try:
        options = JobOptions.model_validate(merged(*sources))
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid_option(str(first["loc"][0])[:64], first["msg"]) from None
    if options.ttl_s is not None and options.ttl_s > max_ttl_s:
        raise InvalidOption(f"`ttl_s` must not be more than {max_ttl_s}.", option="ttl_s")
    return options


def merged(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """What all sources give. Raises InvalidOption where two give the same."""
    given: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            if name in given:
                raise InvalidOption(f"`{name[:64]}` is given twice.", option=name[:64])
            given[name] = value
    return given


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
