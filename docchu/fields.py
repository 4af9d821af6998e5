"""What a document says, found by the service's templates, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docchu.boxes import Box, box_of

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field as it is written (`text`) and as programs want it (`value`).

    `value` is ISO 8601 for a date, a number for an amount, None where the text is none of its kind.
    `confidence` is the chance that it is right; `why` tells the label, the place, the pattern.
    """

    text: str
    value: str | int | float | None
    currency: str | None
    confidence: float
    page: int | None
    box: Box | None
    why: Json

    @classmethod
    def from_json(cls, json: Json) -> FieldValue:
        """Take one of a result's `fields`."""
        return cls(
            text=json["text"],
            value=json["value"],
            currency=json.get("currency"),
            confidence=json["confidence"],
            page=json["page"],
            box=box_of(json["box"]) if json["box"] else None,
            why=json["why"],
        )


@dataclass(frozen=True, slots=True)
class FieldWarning:
    """Something that does not fit together; nothing was set right. `found` are both sides."""

    code: str
    detail: str
    fields: tuple[str, ...]
    found: tuple[str, ...]

    @classmethod
    def from_json(cls, json: Json) -> FieldWarning:
        """Take one of the `warnings`."""
        found = tuple(json.get("found", ()))
        return cls(json["code"], json["detail"], tuple(json["fields"]), found)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a document says. `document_type` is None where it is of no known type."""

    document_type: str | None
    confidence: float
    fields: Mapping[str, FieldValue]
    items: tuple[Mapping[str, FieldValue], ...]
    warnings: tuple[FieldWarning, ...]

    @classmethod
    def from_json(cls, json: Json) -> Fields:
        """Take the `fields` of a result."""
        return cls(
            document_type=json["document_type"],
            confidence=json["confidence"],
            fields=_values(json["fields"]),
            items=tuple(_values(item) for item in json["items"]),
            warnings=tuple(FieldWarning.from_json(one) for one in json["warnings"]),
        )


def _values(json: Json) -> dict[str, FieldValue]:
    return {name: FieldValue.from_json(one) for name, one in json.items()}
