"""What was found: the `fields` of a result."""

from __future__ import annotations

from pydantic import BaseModel, Field

from shared.fields.values import value_of
from shared.result import Box, Confidence, Correction


class Why(BaseModel):
    """Why a value was taken: the label before it, where it stands to it, what it matches."""

    label: str | None = Field(default=None, exclude_if=lambda text: text is None)
    place: str | None = Field(default=None, exclude_if=lambda text: text is None)
    pattern: str | None = Field(default=None, exclude_if=lambda text: text is None)


class FieldValue(BaseModel):
    """A field as it is written (`text`) and as programs want it (`value`).

    `value` is ISO 8601 for a date, a number for an amount, null where the text is none.
    `confidence` is the chance that it is right. `correction` is there where somebody looked at it;
    what only people know of has no `page` and no `box`.
    """

    text: str
    value: str | int | float | None
    currency: str | None = Field(default=None, exclude_if=lambda text: text is None)
    confidence: Confidence
    page: int | None
    box: Box | None
    why: Why
    correction: Correction | None = Field(default=None, exclude_if=lambda one: one is None)


class FieldWarning(BaseModel):
    """Something that does not fit together; nothing is set right. `found` are both sides."""

    code: str
    detail: str
    fields: tuple[str, ...]
    found: tuple[str, ...] = ()


class Fields(BaseModel):
    """What a document says. `document_type` is null where it is of no known type.

    `absent` are the fields of which somebody said that the document does not have them.
    """

    document_type: str | None = None
    confidence: Confidence = 0
    fields: dict[str, FieldValue] = {}
    items: list[dict[str, FieldValue]] = []
    warnings: list[FieldWarning] = []
    absent: dict[str, Correction] = Field(default={}, exclude_if=lambda some: not some)


def corrected_field(
    kind: str, found: FieldValue | None, correction: Correction, currency: str | None
) -> FieldValue | None:
    """A field as somebody says that it is, where it was found."""
    text = correction.text
    if text is not None and (found is None or found.text != text):
        return FieldValue(
            text=text,
            value=value_of(kind, text),
            currency=currency,
            confidence=1.0,
            page=found.page if found else None,
            box=found.box if found else None,
            why=found.why if found else Why(),
            correction=correction,
        )
    if found is None:
        return None
    sure = 1.0 if correction.kind == "confirmed" else found.confidence
    return found.model_copy(update={"correction": correction, "confidence": sure})
