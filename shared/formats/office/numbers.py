"""What a spreadsheet takes a text for: numbers as they are printed, Vietnamese (1.250.000,5) and
English (1,250,000.5) alike, and formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_SIGN = r"(?P<open>\()?(?P<sign>[-–−+]?)"
_END = r"(?:\s?(?P<unit>đ|₫|đồng|VNĐ|VND|%))?(?(open)\))"
_GROUPS = r"(?P<whole>[1-9]\d{{0,2}}(?:{0}\d{{3}})+)"
_PATTERNS = [
    re.compile(f"{_SIGN}{_GROUPS.format(one)}(?:{other}(?P<part>\\d+))?{_END}")
    for one, other in ((r"\.", ","), (",", r"\."), (" ", "[.,]"))
]
_PATTERNS.append(re.compile(rf"{_SIGN}(?P<whole>0|[1-9]\d*)(?:[.,](?P<part>\d+))?{_END}"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 15
"""Digits that a spreadsheet keeps; what is longer, or begins with 0, is a code."""


@dataclass(frozen=True)
class Number:
    """A number, and how a spreadsheet is to show it so that it looks as printed."""

    value: Decimal
    shown: str


def number_of(text: str) -> Number | None:
    """The number that a text is, if it is one.

    Three digits behind a point or a comma are thousands: money is far more often written so than
    anything with three decimals.
    """
    found = next(filter(None, (pattern.fullmatch(text.strip()) for pattern in _PATTERNS)), None)
    if found is None:
        return None
    whole, part, unit = re.sub(r"\D", "", found["whole"]), found["part"] or "", found["unit"]
    if len(whole) + len(part) > _LONGEST:
        return None
    value = Decimal(f"{whole}.{part}" if part else whole)
    is_grouped = not found["whole"].isdigit()
    shown = ("#,##0" if is_grouped else "0") + (f".{'0' * len(part)}" if part else "")
    if unit == "%":
        value, shown = value / 100, f"{shown}%"
    elif unit:
        shown += f' "{unit}"'
    return Number(-value if found["open"] or found["sign"] in ("-", "–", "−") else value, shown)


def could_be_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula (OWASP: CSV injection)."""
    return text.startswith(_FORMULA)
