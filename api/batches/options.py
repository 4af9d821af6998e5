"""What a caller may say of a batch: what its jobs are given, where its end is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from api.http.problems import invalid_option
from api.jobs.options import (
    MAX_METADATA_BYTES,
    MAX_TIMEOUT_S,
    MIN_TTL_S,
    as_metadata,
    as_pages,
    merged,
)
from shared.batches import BatchOptions
from shared.errors import InvalidOption
from shared.jobs import Priority, TextLayer


class BatchFields(BaseModel):
    """The fields of a new batch, in a form, a query or a JSON object."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority = Field(default="bulk", description="which queue its documents wait in")
    pages: Annotated[str | None, BeforeValidator(as_pages)] = Field(
        default=None, description="pages to read of each, such as `1-3,7`"
    )
    text_layer: TextLayer = Field(
        default="auto", description="whether the text that a PDF brings along may be used"
    )
    ttl_s: int | None = Field(
        default=None,
        ge=MIN_TTL_S,
        description="seconds that the results are kept, less than the default",
    )
    timeout_s: int | None = Field(
        default=None,
        ge=1,
        le=MAX_TIMEOUT_S,
        description="seconds in which each job must end, from when it was added",
    )
    model: str | None = Field(
        default=None,
        max_length=64,
        description="the model to read with, one of `/models`; the workers' own where absent",
    )
    webhook_url: str | None = Field(
        default=None, description="where the batch's end is told, signed with the tenant's secret"
    )
    metadata: Annotated[dict[str, Any], BeforeValidator(as_metadata)] = Field(
        default_factory=dict,
        description=f"a JSON object of up to {MAX_METADATA_BYTES} bytes, returned untouched",
    )
    open: bool = Field(
        default=False,
        description="whether more can be added to a batch that begins with documents; one that "
        "begins without is open anyhow",
    )

    def of_batch(self) -> BatchOptions:
        """What of it belongs to the batch's record."""
        return BatchOptions(**self.model_dump(exclude={"metadata", "open"}))


def parse_fields(*sources: Mapping[str, Any], max_ttl_s: int) -> BatchFields:
    """Merge the fields of query, form or JSON and check them. Raises InvalidOption."""
    try:
        fields = BatchFields.model_validate(merged(*sources))
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid_option(str(first["loc"][0])[:64], first["msg"]) from None
    if fields.ttl_s is not None and fields.ttl_s > max_ttl_s:
        raise InvalidOption(f"`ttl_s` must not be more than {max_ttl_s}.", option="ttl_s")
    return fields
