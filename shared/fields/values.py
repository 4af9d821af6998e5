"""Values as programs want them, by the kind of a field."""

from __future__ import annotations

import re
from datetime import date

from shared.fields.amounts import amount_in_words, decimal_of
from shared.fields.rows import fold

Value = str | int | float | None
_DATE_IN_WORDS = re.compile(r"ngay\W{0,3}(\d{1,2})\W+thang\W{0,3}(\d{1,2})\W+nam\W{0,3}(\d{4})")
_DATE = re.compile(r"(\d{1,2})\s?[/.\- ]\s?(\d{1,2})\s?[/.\- ]\s?(\d{4})")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def value_of(kind: str, text: str) -> Value:
    """The value; None where the text is none of its kind."""
    if kind == "date":
        return iso_date(text)
    if kind in ("amount", "quantity"):
        return decimal_of(text)
    if kind == "amount_in_words":
        return amount_in_words(text)
    if kind == "tax_code":
        return _digits(text, "-")
    if kind == "citizen_id":
        return _digits(text, "")
    if kind == "number":
        return _number(text)
    return " ".join(text.split()) or None


def check_fails(kind: str, value: Value) -> str | None:
    """What is wrong with an id that has its own check; None where nothing is."""
    if kind == "tax_code" and isinstance(value, str) and not is_tax_code(value):
        return "its check digit is another, or it has not 10, 12 or 13 digits"
    if kind == "citizen_id" and isinstance(value, str) and not re.fullmatch(r"\d{9}|\d{12}", value):
        return "it has not 9 or 12 digits"
    return None


def is_tax_code(text: str) -> bool:
    """Whether a Vietnamese tax code is right: 10 digits with a check digit, 3 more for a branch.

    Since 2025 the 12 digits of a citizen's id are one, too: they have no check digit.
    """
    if re.fullmatch(r"\d{12}", text):
        return True
    if not re.fullmatch(r"\d{10}(-?\d{3})?", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _TAX_WEIGHTS, strict=False))
    return 10 - total % 11 == int(text[9])


def iso_date(text: str) -> str | None:
    """The date as ISO 8601."""
    folded = fold(text)
    if match := _ISO_DATE.search(folded):
        year, month, day = match.groups()
    elif match := _DATE_IN_WORDS.search(folded) or _DATE.search(folded):
        day, month, year = match.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _number(text: str) -> str | None:
    """The number of a document or account; digits alone are one number, in groups or not."""
    joined = re.sub(r"\s*([/\-])\s*", r"\1", re.sub(r"[.…_]{2,}", "", text)).strip(" .:;")
    return re.sub(r"\s", "", joined) if re.fullmatch(r"[\d\s]+", joined) else joined or None


def _digits(text: str, kept: str) -> str | None:
    return "".join(char for char in text if char in "0123456789" + kept).strip("-") or None
