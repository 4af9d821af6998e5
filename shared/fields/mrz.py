"""The machine-readable lines of passports and cards (ICAO 9303), with their check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from shared.fields.rows import Row

_WEIGHTS = (7, 3, 1)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FEWEST_FILLERS = 2
_SHORTER = 4
"""Characters that a line may lack: fillers in a row are easily counted wrong."""

_PASSPORT = {  # TD3: field -> line, start, end, place of the check digit
    "document_number": (1, 0, 9, 9), "nationality": (1, 10, 13, None),
    "birth_date": (1, 13, 19, 19), "sex": (1, 20, 21, None), "expiry_date": (1, 21, 27, 27),
    "personal_number": (1, 28, 42, 42), "name": (0, 5, 44, None), "country": (0, 2, 5, None),
}  # fmt: skip
_CARD = {  # TD1
    "document_number": (0, 5, 14, 14), "personal_number": (0, 15, 27, None),
    "birth_date": (1, 0, 6, 6), "sex": (1, 7, 8, None), "expiry_date": (1, 8, 14, 14),
    "nationality": (1, 15, 18, None), "name": (2, 0, 30, None), "country": (0, 2, 5, None),
}  # fmt: skip


_LETTERS = str.maketrans("0158", "OISB")
_BARS = str.maketrans("l|", "II")


@dataclass(frozen=True)
class MrzField:
    """A field; `is_right` is None where it has no check digit."""

    row: Row
    text: str
    value: str | None
    is_right: bool | None


def mrz_fields(rows: Sequence[Row], today: date) -> dict[str, MrzField]:
    """The fields of the first machine-readable zone, if there is one."""
    lines = [(row, _code(row)) for row in rows]
    lines = [(row, code) for row, code in lines if _is_code(code)]
    lines.sort(key=lambda line: (line[0].page, line[0].edges[1]))
    for length, count, places in ((44, 2, _PASSPORT), (30, 3, _CARD)):
        fitting = [line for line in lines if length - _SHORTER <= len(line[1]) <= length + _SHORTER]
        if len(fitting) >= count:
            zone = [(row, _filled(code, length)) for row, code in fitting[-count:]]
            return dict(_fields(zone, places, today))
    return {}


def check_digit(text: str) -> str:
    """The check digit of a text: weights 7, 3, 1, modulo 10."""
    total = 0
    for index, char in enumerate(text):
        total += (_ALPHABET.index(char) if char in _ALPHABET else 0) * _WEIGHTS[index % 3]
    return str(total % 10)


def _code(row: Row) -> str:
    # There are no small letters: what looks like an l or a | is an I.
    text = "".join(row.text.split()).translate(_BARS).upper()
    return text.replace("«", "<<").replace("‹", "<").replace("≤", "<").replace("_", "")


def _is_code(text: str) -> bool:
    is_plain = all(char in _ALPHABET + "<" for char in text)
    return len(text) >= 30 - _SHORTER and text.count("<") >= _FEWEST_FILLERS and is_plain


def _filled(text: str, length: int) -> str:
    """The line at its full length: what lacks or is too many are fillers of its longest run."""
    if len(text) == length:
        return text
    longest = max(map(len, re.findall("<+", text)), default=0)
    start = text.find("<" * longest) if longest else len(text)
    fillers = max(0, longest + length - len(text))
    return (text[:start] + "<" * fillers + text[start + longest :])[:length].ljust(length, "<")


def _fields(
    zone: Sequence[tuple[Row, str]],
    places: dict[str, tuple[int, int, int, int | None]],
    today: date,
) -> Iterator[tuple[str, MrzField]]:
    for name, (line, start, end, check) in places.items():
        row, code = zone[line]
        part = code[start:end]
        text = part.strip("<").replace("<<", ", ").replace("<", " ")
        if not text:
            continue
        is_right = None if check is None else check_digit(part) == code[check]
        yield name, MrzField(row, text, _value(name, part, text, today), is_right)


def _value(name: str, part: str, text: str, today: date) -> str | None:
    if name.endswith("_date"):
        return _date(part, today, in_past=name == "birth_date")
    if name == "name":  # it has no digits (ICAO 9303, part 3): what looks like one is a letter
        return " ".join(text.replace(",", " ").translate(_LETTERS).split())
    return text


def _date(part: str, today: date, *, in_past: bool) -> str | None:
    try:
        year, month, day = int(part[:2]), int(part[2:4]), int(part[4:6])
        century = 1900 if in_past and 2000 + year > today.year else 2000
        return date(century + year, month, day).isoformat()
    except ValueError:
        return None
