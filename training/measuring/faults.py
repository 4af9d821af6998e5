"""What kind of errors a reading has: words out of order, lost or invented; tones, case, digits."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from training.measuring.scoring import Pair, distance, normalise, strip_diacritics

KINDS = (
    "order", "missing", "extra", "tone", "letter", "case", "digit", "spacing", "punctuation",
)  # fmt: skip
"""Counted in characters. A word that stands elsewhere is `order`, whatever that does to CER."""


def split_of(pairs: Iterable[Pair]) -> Counter[str]:
    """The errors of references and what was read for them, by kind."""
    total: Counter[str] = Counter()
    for reference, read in pairs:
        total += _of_text(normalise(reference).split(), normalise(read).split())
    return total


def table_of(name: str, split: Counter[str]) -> str:
    """The kinds that there are and their shares of all errors."""
    total = split.total() or 1
    rows = [f"| errors of {name} | characters | % of all |", "|---|---|---|"]
    rows += [f"| {kind} | {count} | {100 * count / total:.0f} |" for kind, count in _ranked(split)]
    return "\n".join(rows) + "\n"


def _ranked(split: Counter[str]) -> list[tuple[str, int]]:
    return sorted(split.items(), key=lambda row: (-row[1], KINDS.index(row[0])))


def _of_text(wanted: Sequence[str], found: Sequence[str]) -> Counter[str]:
    matched = difflib.SequenceMatcher(None, wanted, found, autojunk=False)
    blocks = [
        (list(wanted[a:b]), list(found[c:d]))
        for what, a, b, c, d in matched.get_opcodes()
        if what != "equal"
    ]
    moved = Counter(word for lost, _ in blocks for word in lost)
    moved &= Counter(word for _, new in blocks for word in new)
    errors: Counter[str] = Counter(order=sum(len(word) * n for word, n in moved.items()))
    for side in (0, 1):
        left = moved.copy()
        for block in blocks:
            block[side][:] = [word for word in block[side] if not _taken(left, word)]
    errors += _of_alike(blocks)
    for lost, new in blocks:
        errors += _of_block(" ".join(lost), " ".join(new))
    return +errors


def _of_alike(blocks: Sequence[tuple[list[str], list[str]]]) -> Counter[str]:
    """The errors in words that stand elsewhere and were misread; they leave their blocks."""
    errors: Counter[str] = Counter()
    lonely = [new for lost, new in blocks if not lost]
    for lost in (lost for lost, new in blocks if not new):
        for word in list(lost):
            for new in lonely:
                alike = next((x for x in new if 3 * distance(word, x) <= len(word)), None)
                if alike is not None:
                    errors += _of_block(word, alike) + Counter(order=len(word))
                    lost.remove(word)
                    new.remove(alike)
                    break
    return errors


def _taken(left: Counter[str], word: str) -> bool:
    """Take one of what is left, if there is one."""
    there = left[word] > 0
    left[word] -= there
    return there


def _of_block(wanted: str, found: str) -> Counter[str]:
    """The errors along the shortest way from one text to the other (Wagner and Fischer 1974)."""
    costs = [list(range(len(found) + 1))]
    for row, x in enumerate(wanted, start=1):
        above, line = costs[-1], [row]
        for column, y in enumerate(found, start=1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (x != y)))
        costs.append(line)
    errors: Counter[str] = Counter()
    row, column = len(wanted), len(found)
    while row or column:
        here = costs[row][column]
        pair = row and column
        if pair and here == costs[row - 1][column - 1] + (wanted[row - 1] != found[column - 1]):
            row, column = row - 1, column - 1
            if wanted[row] != found[column]:
                errors[_of_pair(wanted[row], found[column])] += 1
        elif row and here == costs[row - 1][column] + 1:
            row -= 1
            errors["spacing" if wanted[row] == " " else "missing"] += 1
        else:
            column -= 1
            errors["spacing" if found[column] == " " else "extra"] += 1
    return errors


def _of_pair(wanted: str, found: str) -> str:
    """The kind of one character read for another."""
    if " " in (wanted, found):
        return "spacing"
    if not (wanted.isalnum() and found.isalnum()):
        return "punctuation"
    if wanted.isdigit() or found.isdigit():
        return "digit"
    if strip_diacritics(wanted) == strip_diacritics(found):
        return "tone"
    return "case" if wanted.lower() == found.lower() else "letter"
