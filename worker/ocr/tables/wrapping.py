"""Lines of a table put together to its rows: the text of a cell may run over several lines."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

from worker.ocr.layout.rows import Cell

Texts = dict[int, list[Cell]]
"""What stands in one row of a table, by column."""

_OVERLAP = 0.2
"""The share of their height by which lines overlap that are of one row."""
_LEADING = 0.8
"""In heights: the blank between two lines of one cell, at most."""
_MOSTLY = 0.6


def text_of(text: Sequence[Cell]) -> str:
    """The words of some pieces."""
    return " ".join(cell.piece.text for cell in text)


def is_figure(text: Sequence[Cell]) -> bool:
    """Whether a text is an amount, a date, a number or a code, not words."""
    words = text_of(text).split()
    with_digits = sum(any(map(str.isdigit, word)) for word in words)
    return len(words) <= 4 and 2 * with_digits >= len(words) and with_digits > 0


def unwrapped(lines: Sequence[Texts], columns: Mapping[int, tuple[float, float]]) -> list[Texts]:
    """The rows of a table from its lines, top to bottom; `columns` are the edges of each."""
    merged = _overlapping_merged(lines)
    figures = _figure_columns(merged)
    rows: list[Texts] = []
    for line in merged:
        if rows and _goes_on(rows[-1], line, columns, figures):
            rows[-1] = _joined(rows[-1], line)
        else:
            rows.append(line)
    return _with_head(rows, figures)


def _overlapping_merged(lines: Sequence[Texts]) -> list[Texts]:
    """Lines of one row whose cells are centred stand at half the height of each other."""
    merged: list[Texts] = []
    for line in lines:
        if merged and _overlap(merged[-1], line):
            merged[-1] = _joined(merged[-1], line)
        else:
            merged.append(line)
    return merged


def _overlap(above: Texts, below: Texts) -> bool:
    last = [text[-1] for text in above.values()]
    first = [text[0] for text in below.values()]
    shared = max(cell.bottom for cell in last) - min(cell.top for cell in first)
    # The boxes of tight lines overlap a little; those of one column tell how much.
    return shared > _OVERLAP * min(cell.height for cell in (*last, *first)) and not (
        set(above) & set(below)
    )


def _figure_columns(lines: Sequence[Texts]) -> set[int]:
    """Columns of figures: a line with text in one of them begins a row."""
    numbers = {number for line in lines for number in line}
    found = set()
    for number in numbers:
        texts = [line[number] for line in lines[1:] if number in line]
        if texts and sum(map(is_figure, texts)) >= _MOSTLY * len(texts):
            found.add(number)
    return found


def _goes_on(
    row: Texts, line: Texts, columns: Mapping[int, tuple[float, float]], figures: set[int]
) -> bool:
    """Whether a line belongs to the row above it."""
    if not set(line) <= set(row) or set(line) & figures or len(line) == len(columns):
        return False
    for number, text in line.items():
        last, first = row[number][-1], text[0]
        if first.top - last.bottom > _LEADING * min(last.height, first.height):
            return False
        if not _is_full(last, first, columns[number]):
            return False
    return True


def _is_full(last: Cell, first: Cell, column: tuple[float, float]) -> bool:
    """Whether the first word of a line would not have fitted at the end of the one above."""
    words = first.piece.words
    share = len(words[0].text) / max(1, sum(len(word.text) + 1 for word in words) - 1)
    word = share * (first.right - first.left)
    space = 0.25 * last.height
    return last.right + space + word > column[1] - 0.3 * last.height


def _with_head(rows: list[Texts], figures: set[int]) -> list[Texts]:
    """The lines before the first row with figures are one head, where they stand close."""
    body = next(
        (n for n, row in enumerate(rows) if any(is_figure(row[c]) for c in figures & set(row))), 0
    )
    head = rows[:body]
    if len(head) < 2 or any(_gap(*pair) > _LEADING for pair in pairwise(head)):
        return rows
    whole = head[0]
    for line in head[1:]:
        whole = _joined(whole, line)
    return [whole, *rows[body:]]


def _gap(above: Texts, below: Texts) -> float:
    last = [cell for text in above.values() for cell in text]
    first = [cell for text in below.values() for cell in text]
    height = statistics.median(cell.height for cell in (*last, *first))
    return (min(cell.top for cell in first) - max(cell.bottom for cell in last)) / height


def _joined(above: Texts, below: Texts) -> Texts:
    joined = {number: list(text) for number, text in above.items()}
    for number, text in below.items():
        joined[number] = [*joined.get(number, []), *text]
    return joined
