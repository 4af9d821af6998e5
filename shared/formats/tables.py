"""Tables told by where the words stand: rows of cells whose columns have blank strips between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.result import Line, Word, bounds

_CELL_GAP = 1.2
"""In line heights: words that stand further apart are of different cells. The widest space of
justified text is about one."""
_MIN_ROWS = 3
_MIN_ROWS_OF_WIDE = 2  # with three columns or more
_SAME_ROW = 0.5  # the share of the lower one's height that two lines of a row have in common


@dataclass(frozen=True)
class _Cell:
    text: str
    left: float
    right: float


@dataclass(frozen=True)
class VisualRow:
    """Lines of a page that stand beside each other."""

    lines: tuple[Line, ...]

    @property
    def texts(self) -> list[str]:
        """The text of each line."""
        return [line.text for line in self.lines]


@dataclass(frozen=True)
class Table:
    """The texts of a table's cells; every row has as many, empty where nothing stands."""

    rows: list[list[str]]


def visual_rows(lines: Sequence[Line]) -> list[VisualRow]:
    """Group lines, which come in reading order, into rows from left to right."""
    rows: list[list[Line]] = []
    for line in lines:
        if rows and _is_beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [VisualRow(tuple(row)) for row in rows]


def tables_and_rows(rows: Sequence[VisualRow]) -> Iterator[Table | VisualRow]:
    """The rows in order, those that make tables put together."""
    start = 0
    while start < len(rows):
        cells: list[list[_Cell]] = []
        columns: list[tuple[float, float]] = []
        for row in rows[start:]:
            parts = _cells(row)
            wider = _columns([*cells, parts]) if len(parts) > 1 else []
            if len(wider) < 2 or not _fit(wider, [*cells, parts]):
                break
            cells, columns = [*cells, parts], wider
        if len(cells) >= (_MIN_ROWS_OF_WIDE if len(columns) > 2 else _MIN_ROWS):
            yield Table([_in_columns(columns, parts) for parts in cells])
            start += len(cells)
        else:
            yield rows[start]
            start += 1


def _is_beside(one: Line, other: Line) -> bool:
    _, top, right, bottom = bounds(one.box)
    left, other_top, _, other_bottom = bounds(other.box)
    common = min(bottom, other_bottom) - max(top, other_top)
    return left >= right and common > _SAME_ROW * min(bottom - top, other_bottom - other_top)


def _cells(row: VisualRow) -> list[_Cell]:
    groups: list[list[Word]] = []
    for line in row.lines:
        _, top, _, bottom = bounds(line.box)
        words = line.words or (Word(text=line.text, confidence=line.confidence, box=line.box),)
        for word in words:
            gap = bounds(word.box)[0] - bounds(groups[-1][-1].box)[2] if groups else 0.0
            if not groups or gap > _CELL_GAP * (bottom - top):
                groups.append([])
            groups[-1].append(word)
    return [
        _Cell(
            " ".join(word.text for word in group),
            min(bounds(word.box)[0] for word in group),
            max(bounds(word.box)[2] for word in group),
        )
        for group in groups
    ]


def _columns(rows: Sequence[Sequence[_Cell]]) -> list[tuple[float, float]]:
    """Where the cells of all rows stand, overlapping ones put together."""
    columns: list[tuple[float, float]] = []
    for left, right in sorted((cell.left, cell.right) for row in rows for cell in row):
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _fit(columns: Sequence[tuple[float, float]], rows: Sequence[Sequence[_Cell]]) -> bool:
    """Whether no row has two cells in a column, and most have one in each."""
    taken = [[_column(columns, cell) for cell in row] for row in rows]
    if any(len(set(numbers)) < len(numbers) for numbers in taken):
        return False
    return sum(map(len, taken)) >= 0.6 * len(columns) * len(rows)


def _column(columns: Sequence[tuple[float, float]], cell: _Cell) -> int:
    return next(n for n, (left, right) in enumerate(columns) if left <= cell.left <= right)


def _in_columns(columns: Sequence[tuple[float, float]], row: Sequence[_Cell]) -> list[str]:
    texts = [""] * len(columns)
    for cell in row:
        texts[_column(columns, cell)] = cell.text
    return texts
