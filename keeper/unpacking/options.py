"""What a line of NDJSON may ask for with its document: checked, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.errors import InvalidOption
from shared.incoming import strict_json
from shared.jobs import Priority, TextLayer
from shared.page_ranges import PageRanges
from shared.webhooks import Include

_MIN_TTL_S = 60
_MAX_TIMEOUT_S = 7 * 24 * 3600
_MAX_METADATA_BYTES = 4096


def _pages(text: str) -> str:
    PageRanges.parse(text)
    return text


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    if strict_json.num_bytes(value) > _MAX_METADATA_BYTES:
        raise ValueError(f"it is longer than {_MAX_METADATA_BYTES} bytes")
    return value


class LineOptions(BaseModel):
    """The options of one document; what is absent comes from its batch."""

    model_config = ConfigDict(extra="forbid", strict=True)

    priority: Priority | None = None
    pages: Annotated[str, AfterValidator(_pages)] | None = None
    text_layer: TextLayer | None = None
    ttl_s: int | None = Field(default=None, ge=_MIN_TTL_S)
    timeout_s: int | None = Field(default=None, ge=1, le=_MAX_TIMEOUT_S)
    webhook_url: str | None = None
    webhook_include: Include | None = None
    metadata: Annotated[dict[str, Any], AfterValidator(_metadata)] = {}

    @property
    def given(self) -> dict[str, Any]:
        """The options that are there, without the metadata."""
        return self.model_dump(exclude={"metadata"}, exclude_none=True)


def line_options(members: Mapping[str, Any], max_ttl_s: int) -> LineOptions:
    """Check the options of a line. Raises InvalidOption."""
    try:
        options = LineOptions.model_validate(members)
    except ValidationError as error:
        first = error.errors()[0]
        name, message = str(first["loc"][0])[:64], first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            raise InvalidOption(f"There is no option `{name}` here.", option=name) from None
        detail = f"`{name}` cannot be used: {message}."
        raise InvalidOption(detail, option=name) from None
    if options.ttl_s is not None and options.ttl_s > max_ttl_s:
        raise InvalidOption(f"`ttl_s` must not be more than {max_ttl_s}.", option="ttl_s")
    return options
