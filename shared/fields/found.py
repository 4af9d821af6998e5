"""What was found: the `fields` of a result."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shared.result import Box, Confidence


class Why(BaseModel):
    """Why a value was taken: the label before it, where it stands to it, what it matches."""

    label: str | None = Field(default=None, exclude_if=lambda text: text is None)
    place: str | None = Field(default=None, exclude_if=lambda text: text is None)
    pattern: str | None = Field(default=None, exclude_if=lambda text: text is None)


class FieldValue(BaseModel):
    """A field as it is written (`text`) and as programs want it (`value`).

    `value` is ISO 8601 for a date, a number for an amount, null where the text is none.
    `confidence` is the chance that it is right.
    """

    text: str
    value: str | int | float | None
    currency: str | None = Field(default=None, exclude_if=lambda text: text is None)
    confidence: Confidence
    page: int
    box: Box
    why: Why


class FieldWarning(BaseModel):
    """Something that does not fit together; nothing is set right. `found` are both sides."""

    code: str
    detail: str
    fields: tuple[str, ...]
    found: tuple[str, ...] = ()


class Fields(BaseModel):
    """What a document says. `document_type` is null where it is of no known type."""

    document_type: str | None = None
    confidence: Confidence = 0
    fields: dict[str, FieldValue] = {}
    items: list[dict[str, FieldValue]] = []
    warnings: list[FieldWarning] = []
