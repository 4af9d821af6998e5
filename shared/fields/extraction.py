"""From pages to fields: the type of the document, its fields, its lines, what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from shared.fields.checks import check_all
from shared.fields.finding import Taken, take
from shared.fields.found import Fields, FieldValue, FieldWarning, Why, corrected_field
from shared.fields.items import find_items
from shared.fields.mrz import MrzField, mrz_fields
from shared.fields.rows import Row, around, chance, cut_apart, fold, rows_of
from shared.fields.template import FieldTemplate, Kind, Template, Way
from shared.fields.values import check_fails, value_of
from shared.result import Correction, CorrectionVersion, Page, Word

Changes = Mapping[str, tuple[CorrectionVersion, ...]]
AUTO = "auto"
MAX_PAGES = 10
"""Of a document that are looked at: its first ones."""
_MAX_ROWS = 2000
_LEAST = 0.5
"""The chance at which a document is taken to be of a type."""
_AFTER_FAILED_CHECK = 0.1
_BEGINS_OTHERWISE = 0.5
"""A name that begins with none of the family names is as likely misread as it is a rare one."""
_MISSED_BY_CHECK = 0.1
"""The share of wrong readings that a check digit lets pass: one in ten."""


def extract(
    pages: Sequence[Page],
    templates: Mapping[str, Template],
    asked: str = AUTO,
    today: date | None = None,
    changes: Mapping[str, Changes] | None = None,
) -> Fields:
    """The fields of a document, of the type that was asked for or of the likeliest one.

    `changes`: what people said of the fields of each type, by name (`items[1].amount`).
    """
    pages = pages[:MAX_PAGES]
    rows = rows_of(pages)[:_MAX_ROWS]
    template = templates[asked] if asked != AUTO else None
    if template is None:
        template, sure = _likeliest(rows, templates)
        if sure < _LEAST:
            return Fields(confidence=round(1 - sure, 4))
    else:
        sure = _chance_of(template, rows)
    changed = (changes or {}).get(template.type, {})
    day = today or datetime.now(UTC).date()
    return _Extraction(template, pages, rows, day, changed).run(sure)


def _likeliest(rows: Sequence[Row], templates: Mapping[str, Template]) -> tuple[Template, float]:
    chances = [(_chance_of(template, rows), template.type) for template in templates.values()]
    sure, name = max(chances)
    return templates[name], sure


def _chance_of(template: Template, rows: Sequence[Row]) -> float:
    """That the document is of the type; hints count as if each were alone."""
    other, text = 1.0, "\n".join(row.folded for row in rows)
    for hint in template.recognise:
        if hint.pattern.search(text):
            other *= 1 - hint.chance
    return 1 - other


_AMOUNTS = ("amount", "amount_in_words")


class _Extraction:
    """The fields of one document."""

    def __init__(
        self,
        template: Template,
        pages: Sequence[Page],
        rows: Sequence[Row],
        today: date,
        changes: Changes,
    ) -> None:
        self._template = template
        self._pages = pages
        self._rows = cut_apart(rows, template.apart) if template.apart is not None else rows
        self._today = today
        self._changes = changes
        self._absent: dict[str, Correction] = {}
        self._taken: dict[str, Taken] = {}
        self._mrz = mrz_fields(rows, today)
        self._warnings: list[FieldWarning] = []

    def run(self, sure: float) -> Fields:
        """All of it."""
        fields = {}
        for name, field in self._template.fields.items():
            if value := self._changed(name, field.kind, self._field(name, field)):
                fields[name] = value
        found = Fields(
            document_type=self._template.type,
            confidence=round(sure, 4),
            fields=fields,
            items=self._items(),
            warnings=self._warnings,
            absent=self._absent,
        )
        found.warnings.extend(check_all(self._template, found, self._today))
        return found

    def _changed(self, name: str, kind: Kind, found: FieldValue | None) -> FieldValue | None:
        """The field as people say that it is; what was wrong with the other one is forgotten."""
        versions = self._changes.get(name)
        if not versions:
            return found
        correction = Correction.of(versions, found.text if found else None)
        is_another = correction.text is not None and correction.text != correction.original
        if is_another or correction.kind == "absent":
            self._warnings[:] = [one for one in self._warnings if one.fields != (name,)]
        if correction.kind == "absent":
            self._absent[name] = correction
            return None
        currency = self._template.currency if kind in _AMOUNTS else None
        changed = corrected_field(kind, found, correction, currency)
        if changed and is_another and (failed := check_fails(kind, changed.value)):
            self._warn("check_failed", f"`{name}` is not right: {failed}.", name, changed.text)
        return changed

    def _field(self, name: str, field: FieldTemplate) -> FieldValue | None:
        """What the first way finds; codes that say it, too, are the check of it."""
        found: FieldValue | None = None
        for way in field.find:
            if found is None:
                found = self._by(way, name, field)
            elif (way.mrz or way.qr is not None) and (other := self._by(way, name, field)):
                found = self._compared(name, found, other)
        return found

    def _compared(self, name: str, found: FieldValue, other: FieldValue) -> FieldValue:
        values = [str(found.value), str(other.value)]
        same = fold(values[0]) == fold(values[1])
        if same:
            sure = 1 - (1 - found.confidence) * (1 - other.confidence)
        else:
            sure = found.confidence * _AFTER_FAILED_CHECK
            detail = f"`{name}` is another in the {other.why.place}."
            self._warnings.append(
                FieldWarning(
                    code="values_differ", detail=detail, fields=(name,), found=tuple(values)
                )
            )
        return found.model_copy(update={"confidence": round(sure, 4)})

    def _by(self, way: Way, name: str, field: FieldTemplate) -> FieldValue | None:
        if way.mrz is not None:
            return self._of_mrz(name, self._mrz.get(way.mrz), field)
        if way.qr is not None:
            return self._of_code(way.qr, field)
        taken = take(way, self._rows, self._taken)
        if not taken:
            return None
        self._taken[name] = taken
        words = [word for piece in taken.pieces for word in piece.words]
        page = taken.pieces[0].row.page
        found = self._value(name, field.kind, field.trust, taken.text, words, page, taken.why)
        if found and not field.is_usual(taken.text):
            sure = round(found.confidence * _BEGINS_OTHERWISE, 4)
            found = found.model_copy(update={"confidence": sure})
        known = {fold(value): value for value in field.values}
        if found and (value := known.get(fold(taken.text))):
            return found.model_copy(update={"value": value})
        return found

    def _value(
        self, name: str, kind: str, trust: float, text: str, words: list[Word], page: int, why: Why
    ) -> FieldValue | None:
        if not words:
            return None
        value = value_of(kind, text)
        sure = chance(words) * trust
        failed = check_fails(kind, value)
        if value is None or failed:
            sure *= _AFTER_FAILED_CHECK
        elif kind == "tax_code":
            sure = sure / (sure + (1 - sure) * _MISSED_BY_CHECK)
        if failed:
            self._warn("check_failed", f"`{name}` is not right: {failed}.", name, str(value))
        return FieldValue(
            text=text,
            value=value,
            currency=self._template.currency if kind in _AMOUNTS else None,
            confidence=round(sure, 4),
            page=page,
            box=around([word.box for word in words]),
            why=why,
        )

    def _of_mrz(self, name: str, found: MrzField | None, field: FieldTemplate) -> FieldValue | None:
        if not found:
            return None
        sure = found.row.line.confidence * field.trust
        if found.is_right:
            sure = sure / (sure + (1 - sure) * _MISSED_BY_CHECK)
        elif found.is_right is False:
            sure *= _AFTER_FAILED_CHECK
            detail = f"The check digit of `{name}` in the machine-readable lines is another."
            self._warn("check_failed", detail, name, found.text)
        return FieldValue(
            text=found.text,
            value=found.value,
            confidence=round(sure, 4),
            page=found.row.page,
            box=found.row.line.box,
            why=Why(place="machine-readable lines"),
        )

    def _of_code(self, part: int, field: FieldTemplate) -> FieldValue | None:
        """A part of what a QR code says, as those of identity cards do, with `|` between."""
        for page in self._pages:
            for code in page.barcodes:
                parts = code.value.split("|")
                if len(parts) > max(part, 4) and parts[part].strip():
                    text = parts[part].strip()
                    written = f"{text[:2]}/{text[2:4]}/{text[4:]}" if field.kind == "date" else text
                    return FieldValue(
                        text=text,
                        value=value_of(field.kind, written),
                        confidence=field.trust,
                        page=page.page,
                        box=code.box,
                        why=Why(place="QR code"),
                    )
        return None

    def _items(self) -> list[dict[str, FieldValue]]:
        items = self._template.items
        if items is None:
            return []
        found = []
        for number, item in enumerate(find_items(items, self._pages, self._rows), 1):
            fields = {}
            for name, words in item.cells.items():
                column, text = items.columns[name], " ".join(word.text for word in words)
                label, why = f"items[{number}].{name}", Why(place="column")
                value = self._value(label, column.kind, column.trust, text, words, item.page, why)
                value = self._changed(label, column.kind, value)
                if value:
                    fields[name] = value
            found.append(fields)
        return found

    def _warn(self, code: str, detail: str, name: str, found: str) -> None:
        self._warnings.append(
            FieldWarning(code=code, detail=detail, fields=(name,), found=(found,))
        )
