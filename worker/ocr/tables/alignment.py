"""Tables without ruling lines: rows of texts that stand in line, with blank strips between."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from worker.ocr.layout.rows import Cell, Row, rows_of
from worker.ocr.tables.closeness import parted
from worker.ocr.tables.leaning import lean_of, upright
from worker.ocr.tables.strips import Span, cut, is_blank, merged, strips, support
from worker.ocr.tables.wrapping import Texts, is_figure, text_of, unwrapped

# All in heights of a text line, unless they are shares or counts.
_STRIP = 0.35
"""The narrowest blank between two columns."""
_CELL_GAP = 1.2
"""Texts of a row that stand further apart are of two cells. Justified text has spaces of one."""
_APART = 2.5
"""Rows of one table follow each other at least so closely."""
_SAME_PLACE = 0.5
"""How far edges that stand in line may differ."""

_CONFIRMED = 2
"""Rows with text on both sides of a strip, from which on it is one between columns."""
_MIN_ROWS = 3
_MIN_WORD_ROWS = 4
"""Of a table without figures: fewer are names with their titles, as those who sign."""
_FILLED = 0.55
"""The share of its places that a table fills."""
_MOSTLY = 0.6
_MEAN_GAP = 1.0
"""What a strip measures on average."""
_MAX_WORDS = 3.5
"""Words of a cell, on average, in a table without figures: more are columns of running text."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A table told by alignment: rows of texts by column, and where its columns stand if they are
    set upright that lean by `lean`."""

    rows: tuple[Texts, ...]
    columns: tuple[Span, ...]
    lean: float = 0.0

    @property
    def cells(self) -> list[Cell]:
        """All that stands in it."""
        return [cell for row in self.rows for text in row.values() for cell in text]


def find_aligned(cells: Sequence[Cell]) -> list[Aligned]:
    """The tables among the pieces of a levelled page, from top to bottom."""
    lean = lean_of(cells)
    rows = rows_of(upright(cells, lean))
    found: list[Aligned] = []
    if not rows:
        return found
    blank = _STRIP * statistics.median(cell.height for cell in cells)
    rows, are_close = parted(rows, blank, _is_apart)
    start = free = 0
    while start < len(rows):
        end, columns = _grown(rows, start, blank)
        first = start
        while first > free and (wider := _with_above(rows, first, columns, blank)):
            first, columns = first - 1, wider
        least = _STRIP if are_close.issuperset(range(first, end)) else _MEAN_GAP
        table = _table(rows[first:end], columns, least) if len(columns) > 1 else None
        if table:
            found.append(replace(table, lean=lean))
            start = free = end
        else:
            start += max(1, (end - start) // 8)
    return found


def _grown(rows: list[Row], start: int, blank: float) -> tuple[int, list[Span]]:
    """Where the rows end that share blank strips with the row at `start`, and their columns."""
    columns = merged([], rows[start], blank)
    end = start + 1
    while end < len(rows) and not _is_apart(rows[end - 1], rows[end]):
        sure = [s for s in strips(columns) if support(rows[start:end], s) >= _CONFIRMED]
        rows[end], wider = _widened(columns, rows[end], sure, blank)
        if len(wider) < 2 or not all(is_blank(wider, strip) for strip in sure):
            break
        columns = wider
        end += 1
    return end, columns


def _with_above(
    rows: list[Row], first: int, columns: Sequence[Span], blank: float
) -> list[Span] | None:
    """The columns with the row above the first one, where that fits them."""
    if len(columns) < 2 or _is_apart(rows[first - 1], rows[first]):
        return None
    above, wider = _widened(columns, rows[first - 1], strips(columns), blank)
    if len(above) < 2 or len(wider) != len(columns):
        return None
    rows[first - 1] = above
    return wider


def _widened(
    columns: Sequence[Span], row: Row, sure: Sequence[Span], blank: float
) -> tuple[Row, list[Span]]:
    """Columns with one more row, which is cut where that keeps the strips that are sure."""
    wider = merged(columns, row, blank)
    if len(row) > 1 and not all(is_blank(wider, strip) for strip in sure):
        parted = cut(row, sure, blank)
        without = merged(columns, parted, blank)
        if all(is_blank(without, strip) for strip in sure):
            return parted, without
    return row, wider


def _is_apart(above: Row, below: Row) -> bool:
    gap = min(cell.top for cell in below) - max(cell.bottom for cell in above)
    return gap > _APART * statistics.median(cell.height for cell in (*above, *below))


def _table(rows: Sequence[Row], columns: Sequence[Span], least_gap: float) -> Aligned | None:
    """The table that rows make, if they make one."""
    texts = [_in_columns(row, columns) for row in rows]
    while texts and len(texts[0]) < 2:
        texts = texts[1:]
    used = sorted({number for row in texts for number in row})
    if len(used) < len(columns):  # of what stood above
        columns = [columns[number] for number in used]
        texts = [{used.index(number): text for number, text in row.items()} for row in texts]
    if not _fits(texts, columns):
        return None
    whole = unwrapped(texts, dict(enumerate(columns)))
    while whole and len(whole[-1]) < 2:
        whole = whole[:-1]
    return Aligned(tuple(whole), tuple(columns)) if _is_table(whole, columns, least_gap) else None


def _in_columns(row: Row, columns: Sequence[Span]) -> Texts:
    texts: Texts = {}
    for cell in row:
        middle = (cell.left + cell.right) / 2
        number = next(n for n, (_, right) in enumerate(columns) if middle <= right)
        texts.setdefault(number, []).append(cell)
    return texts


def _fits(texts: Sequence[Texts], columns: Sequence[Span]) -> bool:
    """Whether hardly a row has two texts that stand apart in one column."""
    apart = sum(
        any(
            other.left - one.right > _CELL_GAP * min(one.height, other.height)
            for text in row.values()
            for one, other in pairwise(text)
        )
        for row in texts
    )
    return len(columns) > 1 and apart <= 0.1 * len(texts)


def _is_table(rows: Sequence[Texts], columns: Sequence[Span], least_gap: float) -> bool:
    """Whether rows are cells of a table, not fields of a form or columns of running text."""
    if len(rows) < _MIN_ROWS or sum(map(len, rows)) < _FILLED * len(rows) * len(columns):
        return False
    figures = [number for number in range(len(columns)) if _has_figures(rows[1:], number)]
    if len(columns) == 2 and (figures != [1] or 1 not in rows[0] or is_figure(rows[0][1])):
        return False
    if min(_mean_gap(rows, *pair) for pair in pairwise(range(len(columns)))) < least_gap:
        return False
    if sum(map(_is_field, rows)) > 0.4 * len(rows):
        return False
    if not figures and (
        least_gap < _MEAN_GAP or len(rows) < _MIN_WORD_ROWS or _mean_words(rows) > _MAX_WORDS
    ):
        return False
    in_line = sum(_stands_in_line(rows, number) for number in range(len(columns)))
    return in_line >= len(columns) - 1


def _has_figures(rows: Sequence[Texts], number: int) -> bool:
    """Whether most texts of a column are figures."""
    texts = [row[number] for row in rows if number in row]
    return bool(texts) and sum(map(is_figure, texts)) >= _MOSTLY * len(texts)


def _mean_gap(rows: Sequence[Texts], one: int, other: int) -> float:
    """The blank between neighbours of two columns, in heights; spaces of words are less."""
    gaps = [
        (row[other][0].left - row[one][-1].right) / min(row[other][0].height, row[one][-1].height)
        for row in rows
        if one in row and other in row
    ]
    return statistics.fmean(gaps) if gaps else _MEAN_GAP


def _is_field(row: Texts) -> bool:
    """Whether a row has a label with its value."""
    return any(
        ":" in text_of(text).rstrip(":") or text_of(text).endswith(":") for text in row.values()
    )


def _mean_words(rows: Sequence[Texts]) -> float:
    return statistics.fmean(
        len(text_of([line]).split()) for row in rows for text in row.values() for line in text
    )


def _stands_in_line(rows: Sequence[Texts], number: int) -> bool:
    """Whether the texts of a column have their left or right edges, or short ones their middles,
    below one another."""
    has_figures = _has_figures(rows[1:], number)
    # Workbooks set figures to the right, what they are headed by to the left.
    texts = [row[number] for row in rows[has_figures:] if number in row]
    if len(texts) < 2:
        return True
    near = _SAME_PLACE * statistics.median(cell.height for text in texts for cell in text)
    lefts = [min(cell.left for cell in text) for text in texts]
    rights = [max(cell.right for cell in text) for text in texts]
    if _share_near(lefts, near) >= 0.7 or _share_near(rights, near) >= 0.7:
        return True
    if not has_figures:
        return False
    middles = [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]
    return _share_near(middles, near) >= 0.7


def _share_near(values: Sequence[float], near: float) -> float:
    middle = statistics.median(values)
    return sum(abs(value - middle) <= near for value in values) / len(values)
