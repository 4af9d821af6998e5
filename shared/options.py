"""What may be asked for with a document: one model for a job, a batch and a line of NDJSON.

`Options` and `BatchOptions` are what the store keeps. What a caller sends is the same with a little
beside it: `JobRequest`, `BatchRequest`, `LineRequest`. The API is described from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from shared.errors import InvalidOption
from shared.incoming import strict_json
from shared.option_values import (
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    CustomId,
    Metadata,
    Pages,
)

Priority = Literal["interactive", "bulk"]
TextLayer = Literal["auto", "ignore", "trust"]
LanguageModel = Literal["auto", "off"]
Reuse = Literal["auto", "never"]
Include = Literal["text"]

EXTRACT = r"^[a-z][a-z0-9_]{0,39}$"
"""The names of the types of document, and `auto`."""
_MIN_TTL_S = 60
_MAX_TIMEOUT_S = 7 * 24 * 3600
_MAX_SHOWN = 64  # characters of a name that a caller made up


class BatchOptions(BaseModel):
    """What the jobs of a batch are given that ask for nothing else, and where its end is told."""

    model_config = ConfigDict(frozen=True)

    priority: Priority = Field(default="bulk", description="which queue the documents wait in")
    pages: Pages | None = Field(
        default=None, description="pages to read, such as `1-3,7`; all of them where absent"
    )
    text_layer: TextLayer = Field(
        default="auto",
        description="the text that a PDF brings along: `auto`, taken where its picture agrees; "
        "`ignore`, not asked; `trust`, taken as it is, unseen",
    )
    language_model: LanguageModel = Field(
        default="auto",
        description="whether Vietnamese decides where a mark is in doubt; `off`: what is seen",
    )
    ttl_s: int | None = Field(
        default=None,
        ge=_MIN_TTL_S,
        description="seconds that results are kept, less than the default",
    )
    timeout_s: int | None = Field(
        default=None,
        ge=1,
        le=_MAX_TIMEOUT_S,
        description="seconds from now in which a job must end; by its pages where absent",
    )
    model: str | None = Field(
        default=None,
        max_length=64,
        description="the model to read with, one of `/models`; the workers' own where absent",
    )
    extract: Annotated[str, Field(pattern=EXTRACT)] | None = Field(
        default=None,
        description="fields in the JSON result, of a type of document or `auto`; none where absent",
    )
    reuse: Reuse | None = Field(
        default=None,
        description="whether pages that were read of the same bytes with the same options before "
        "are taken from there; as DOCCHU_REUSE says where absent",
    )
    webhook_url: str | None = Field(
        default=None, description="where the end is told, signed with the tenant's secret"
    )

    def of_job(self) -> Options:
        """The options of a job that asks for nothing; the batch's address is not told of it."""
        return Options(**self.model_dump(exclude={"webhook_url"}))


class Options(BatchOptions):
    """What the caller asked for."""

    priority: Priority = Field(
        default="interactive", description="which queue the document waits in"
    )
    webhook_include: Include | None = Field(
        default=None, description="`text`: the end is told with the text, where that fits"
    )

    def within(self, batch: BatchOptions | None) -> Options:
        """The options for the job's record; what is not given is as its batch says."""
        given = self.model_dump(include=set(Options.model_fields), exclude_unset=True)
        known = {name: value for name, value in given.items() if value is not None}
        return (batch.of_job() if batch else Options()).model_copy(update=known)


class _Request(BaseModel):
    """What a caller sends, whose names and values are checked."""

    model_config = ConfigDict(extra="forbid")

    metadata: Metadata = Field(
        default_factory=dict,
        description=f"a JSON object of up to {MAX_METADATA_BYTES} bytes and {MAX_METADATA_DEPTH} "
        "levels, returned untouched",
    )

    @field_validator("ttl_s", check_fields=False)
    @classmethod
    def _within_the_operators_limit(cls, value: int | None, info: ValidationInfo) -> int | None:
        limit = info.context["max_ttl_s"] if info.context else value
        if value is not None and limit is not None and value > limit:
            raise ValueError(f"it must not be more than {limit}")
        return value

    @classmethod
    def of_json(cls, members: Mapping[str, Any], max_ttl_s: int) -> Self:
        """Check what stands in a JSON object. Raises InvalidOption."""
        return cls._checked(members, max_ttl_s, strict=True)

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], max_ttl_s: int) -> Self:
        """Check what stands in a query or form, metadata as JSON. Raises InvalidOption."""
        values: dict[str, Any] = dict(texts)
        try:
            if "metadata" in values:
                values["metadata"] = strict_json.loads(values["metadata"])
        except ValueError as error:
            raise InvalidOption(f"`metadata` cannot be used: {error}.", option="metadata") from None
        return cls._checked(values, max_ttl_s, strict=False)

    @classmethod
    def _checked(cls, values: Mapping[str, Any], max_ttl_s: int, *, strict: bool) -> Self:
        try:
            return cls.model_validate(values, strict=strict, context={"max_ttl_s": max_ttl_s})
        except ValidationError as error:
            raise refusal(error) from None

    def together_with(self, other: _Request) -> Self:
        """Both together. Raises InvalidOption where one option has two values."""
        for name in self.model_fields_set & other.model_fields_set:
            if getattr(self, name) != getattr(other, name):
                detail = f"`{name}` is given twice, with two values."
                raise InvalidOption(detail, option=name)
        given = {name: getattr(other, name) for name in other.model_fields_set}
        return self.model_copy(update=given)


class LineRequest(Options, _Request):
    """The options of a document in a line of NDJSON."""


class JobRequest(LineRequest):
    """The options of a new job, in a form, a query or a JSON object."""

    batch_id: str | None = Field(
        default=None, max_length=64, description="the open batch that the job goes into"
    )
    custom_id: CustomId | None = Field(
        default=None,
        description="your name for the document in its batch, wanted there: sending it again "
        "answers the job that is there",
    )

    def check_place(self) -> None:
        """Raise InvalidOption where a batch is named without the place in it, or the reverse."""
        for one, other in (("batch_id", "custom_id"), ("custom_id", "batch_id")):
            if getattr(self, one) is not None and getattr(self, other) is None:
                raise InvalidOption(f"`{one}` needs `{other}` beside it.", option=one)


Password = Annotated[
    SecretStr | None,
    Field(
        max_length=127,
        description="what opens an encrypted PDF; kept as long as the document, and shown nowhere",
    ),
]


class BodyRequest(JobRequest):
    """The same in a form or a JSON object, with what may not stand in an address."""

    password: Password = None


class RerunRequest(LineRequest):
    """What is to be other than in the job that is read again; null is the default."""

    def over(self, before: Options, metadata: dict[str, Any]) -> dict[str, Any]:
        """The members of the new job's request."""
        given = self.model_dump(include=self.model_fields_set & set(LineRequest.model_fields))
        kept = before.model_dump(exclude_none=True) | {"metadata": metadata}
        both = kept | given
        return {name: value for name, value in both.items() if value is not None}


class RerunBody(RerunRequest):
    """The same in a JSON object, with what may not stand in an address."""

    password: Password = None


class BatchRequest(BatchOptions, _Request):
    """The fields of a new batch, in a form, a query or a JSON object."""

    open: bool = Field(
        default=False,
        description="whether more can be added to a batch that begins with documents; one that "
        "begins without is open anyhow",
    )

    def of_batch(self) -> BatchOptions:
        """What of it belongs to the batch's record."""
        return BatchOptions(**self.model_dump(include=set(BatchOptions.model_fields)))


def refusal(error: ValidationError) -> InvalidOption:
    """Say what is wrong with the first option that is, in the words of pydantic."""
    first = error.errors()[0]
    name = str(first["loc"][0])[:_MAX_SHOWN] if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return InvalidOption(f"There is no option `{name}` here.", option=name)
    message = first["msg"].removeprefix("Value error, ")
    return InvalidOption(f"`{name}` cannot be used: {message}.", option=name)
