"""How reading is scored: CER, exact lines, diacritics, and words and characters of whole pages."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_SPACE = re.compile(r"\s+")
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
_STROKE = str.maketrans({"đ": "d", "Đ": "D"})

Pair = tuple[str, str]
"""A reference and what was read for it."""


@dataclass(frozen=True)
class LineScore:
    """Figures over lines, as shares: 0.01 is one percent."""

    num_lines: int
    cer: float
    exact: float
    der: float


@dataclass(frozen=True)
class PageScore:
    """Figures over pages: word F1 is the multiset's over all pages, CER follows reading order."""

    num_pages: int
    word_f1: float
    cer: float


def normalise(text: str) -> str:
    """NFC, straight quotes, plain dashes, three dots, single spaces, trimmed."""
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return _SPACE.sub(" ", text).strip()


def strip_diacritics(text: str) -> str:
    """The letters alone: `Đường` becomes `Duong`."""
    apart = unicodedata.normalize("NFD", text.translate(_STROKE))
    return "".join(char for char in apart if not unicodedata.combining(char))


def distance(reference: str, read: str) -> int:
    """Levenshtein distance in characters, a row of the table held in the bits of two integers.

    After Myers (1999), in the form of Hyyrö (2003): whole pages take milliseconds in plain Python.
    """
    if not reference:
        return len(read)
    where: dict[str, int] = {}
    for place, char in enumerate(reference):
        where[char] = where.get(char, 0) | 1 << place
    full, last = (1 << len(reference)) - 1, 1 << (len(reference) - 1)
    more, less, total = full, 0, len(reference)
    for char in read:
        match = where.get(char, 0)
        diagonal = (((match & more) + more) ^ more) | match | less
        right_more, right_less = less | (~(diagonal | more) & full), diagonal & more
        total += bool(right_more & last) - bool(right_less & last)
        right_more = (right_more << 1 | 1) & full
        right_less = right_less << 1 & full
        more = right_less | (~(diagonal | right_more) & full)
        less = diagonal & right_more
    return total


def score_lines(pairs: Iterable[Pair]) -> LineScore:
    """Score lines. All shares are 0 if there is no reference text."""
    num_lines = errors = exact = marks = length = 0
    for reference, read in ((normalise(a), normalise(b)) for a, b in pairs):
        wrong = distance(reference, read)
        num_lines += 1
        errors += wrong
        exact += wrong == 0
        marks += wrong - distance(strip_diacritics(reference), strip_diacritics(read))
        length += len(reference)
    return LineScore(
        num_lines,
        errors / length if length else 0.0,
        exact / num_lines if num_lines else 0.0,
        marks / length if length else 0.0,
    )


def score_pages(pairs: Iterable[Pair]) -> PageScore:
    """Score whole pages' texts, each in reading order."""
    num_pages = common = wanted = found = errors = length = 0
    for reference, read in ((normalise(a), normalise(b)) for a, b in pairs):
        words, seen = Counter(reference.split()), Counter(read.split())
        num_pages += 1
        common += (words & seen).total()
        wanted += words.total()
        found += seen.total()
        errors += distance(reference, read)
        length += len(reference)
    f1 = 2 * common / (wanted + found) if wanted + found else 0.0
    return PageScore(num_pages, f1, errors / length if length else 0.0)


def by_kind(rows: Iterable[tuple[str, Pair]]) -> dict[str, LineScore]:
    """Score lines by kind, in the order in which the kinds appear, and last over `all`."""
    groups: dict[str, list[Pair]] = {}
    for kind, pair in rows:
        groups.setdefault(kind, []).append(pair)
    scores = {kind: score_lines(pairs) for kind, pairs in groups.items()}
    scores["all"] = score_lines(pair for pairs in groups.values() for pair in pairs)
    return scores
