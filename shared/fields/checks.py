"""What has to fit together in a document: warnings with both sides, never a correction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from shared.fields.found import Fields, FieldValue, FieldWarning
from shared.fields.template import Check, Template

Number = int | float


def check_all(template: Template, found: Fields, today: date) -> Iterator[FieldWarning]:
    """The warnings of a template's checks; what was not found is not checked."""
    for check in template.checks:
        yield from _CHECKS[check.check](check, found, today)


def _sum(check: Check, found: Fields, today: date) -> Iterator[FieldWarning]:
    del today
    parts = [part for name in check.of for part in _numbers(found, name)]
    wanted = _numbers(found, check.equals or "")
    complete = all(_numbers(found, name) for name in check.of)
    if complete and len(wanted) == 1 and abs(sum(parts) - wanted[0]) > check.tolerance:
        yield _warning("sum_differs", check, f"{sum(parts)}", f"{wanted[0]}")


def _product(check: Check, found: Fields, today: date) -> Iterator[FieldWarning]:
    """Of each line: its factors against what they make."""
    del today
    names = [name.removeprefix("items.") for name in check.of]
    result = (check.equals or "").removeprefix("items.")
    for number, item in enumerate(found.items, 1):
        values = [_number(item.get(name)) for name in names]
        wanted = _number(item.get(result))
        if wanted is None or None in values:
            continue
        product: Number = 1
        for value in values:
            product *= value or 0
        if abs(product - wanted) > check.tolerance:
            yield _warning("product_differs", check, f"{product}", f"{wanted}", f" (line {number})")


def _words(check: Check, found: Fields, today: date) -> Iterator[FieldWarning]:
    del today
    in_words = _numbers(found, check.of[0])
    in_figures = _numbers(found, check.equals or "")
    if in_words and in_figures and in_words[0] != in_figures[0]:
        yield _warning("words_differ", check, f"{in_words[0]}", f"{in_figures[0]}")


def _not_in_future(check: Check, found: Fields, today: date) -> Iterator[FieldWarning]:
    for name in check.of:
        field = found.fields.get(name)
        if field and isinstance(field.value, str) and field.value > today.isoformat():
            detail = f"`{name}` is in the future."
            yield FieldWarning(
                code="date_in_future",
                detail=detail,
                fields=(name,),
                found=(field.value, today.isoformat()),
            )


def _same(check: Check, found: Fields, today: date) -> Iterator[FieldWarning]:
    del today
    names = [*check.of, *filter(None, [check.equals])]
    values = [str(found.fields[name].value) for name in names if name in found.fields]
    if len(set(values)) > 1:
        yield _warning("values_differ", check, values[0], next(v for v in values if v != values[0]))


_CHECKS: dict[str, Callable[[Check, Fields, date], Iterator[FieldWarning]]] = {
    "sum": _sum,
    "product": _product,
    "words": _words,
    "not_in_future": _not_in_future,
    "same": _same,
}


def _warning(code: str, check: Check, one: str, other: str, where: str = "") -> FieldWarning:
    names = (*check.of, *filter(None, [check.equals]))
    return FieldWarning(
        code=code,
        detail=f"{' and '.join(check.of)} give {one}, {check.equals or 'the other'} says {other}"
        f"{where}.",
        fields=names,
        found=(one, other),
    )


def _numbers(found: Fields, name: str) -> list[Number]:
    if name.startswith("items."):
        column = name.removeprefix("items.")
        values = [_number(item.get(column)) for item in found.items]
        return [value for value in values if value is not None]
    value = _number(found.fields.get(name))
    return [] if value is None else [value]


def _number(field: FieldValue | None) -> Number | None:
    return field.value if field and isinstance(field.value, (int, float)) else None
