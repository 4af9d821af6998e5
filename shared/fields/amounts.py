"""Amounts in figures and in Vietnamese words."""

from __future__ import annotations

import re

from shared.fields.rows import fold

_DIGITS = {
    "khong": 0, "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "lam": 5, "nham": 5,
    "sau": 6, "bay": 7, "tam": 8, "chin": 9,
}  # fmt: skip
_SCALES = {"nghin": 10**3, "ngan": 10**3, "trieu": 10**6, "ty": 10**9, "ti": 10**9}
_PASSED = {"le", "linh", "dong", "chan", "va", "viet", "vnd"}
_NUMBER = re.compile(r"-?\d[\d.,  ']*")
_TWO_NUMBERS = re.compile(r"-?\d{4,}([.,]\d{3})+$")
"""`2 545,000` without its space: nobody leaves the first group so long and marks the others."""
_GROUPS = re.compile(r"[.,]\d{4,}[.,]")
"""`527,00010,540,000`: no group has so many digits."""
_MAX_DIGITS = 18


def decimal_of(text: str) -> int | float | None:
    """The number in a text, with thousands and decimals marked as Vietnamese or English do."""
    match = _NUMBER.search(text)
    if not match:
        return None
    digits = re.sub(r"[\s']", "", match[0]).rstrip(".,")
    spaced = re.search(r"\s", match[0].strip())
    if _GROUPS.search(digits) or (spaced and _TWO_NUMBERS.match(digits)):
        return None
    if sum(char.isdigit() for char in digits) > _MAX_DIGITS:
        return None
    marks = [char for char in digits if char in ".,"]
    last = marks[-1] if marks else ""
    decimals = ""
    if last:
        whole, behind = digits.rsplit(last, 1)
        # `1.250` is a thousand and more, `1.250,5` and `0,5` have decimals.
        if marks.count(last) == 1 and (len(behind) != 3 or len(set(marks)) == 2 or whole == "0"):
            digits, decimals = whole, behind
    digits = digits.replace(".", "").replace(",", "")
    if decimals.strip("0"):
        return float(f"{digits}.{decimals}")
    return int(digits)


def amount_in_words(text: str) -> int | None:
    """The number that Vietnamese words say; None where they say none."""
    total = group = digit = 0
    seen = False
    words = [word for word in re.split(r"[^a-z]+", fold(text)) if word]
    for word in words:
        if word in _DIGITS:
            digit, seen = _DIGITS[word], True
        elif word == "tram":
            group, digit = group + digit * 100, 0
        elif word == "muoi":
            group, digit, seen = group + (digit or 1) * 10, 0, True
        elif word in _SCALES:
            part = group + digit
            scale = _SCALES[word]
            total = (total + part) * scale if scale == 10**9 else total + part * scale
            group = digit = 0
        elif word in _PASSED:
            continue
        elif seen:
            break
    return total + group + digit if seen else None
