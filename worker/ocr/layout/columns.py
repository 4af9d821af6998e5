"""Find rows whose text stands in columns, to be read one column after the other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from worker.ocr.layout.rows import Cell, Row

# All in heights of the line.
_SEED = 1.0
"""The blank in one row that suggests two columns."""
_GUTTER = 0.45
"""The narrowest that the strip may get by the other rows."""
_MEAN_GUTTER = 1.5
"""What the strip measures on average: spaces of running text may lie above one another too."""
_EDGE = 0.15
"""How exactly it is known where a word ends."""
_PITCH = 0.6
"""How far a line that has no neighbour may be from the last one of its column."""
_APART = 5.0
"""How far apart two rows of the same columns may be."""

_MOST_STEPS = 2_000_000
"""Blanks times cells: some two seconds. A full page of a table has 300,000."""

_MIN_LINES = 2
_MIN_WORDS = 1.4
_MOSTLY = 0.5
_TABLE_CELLS = 2.5
_CELL_WORDS = 3.5
_BULLETS = ("-", "+", "•", "–", "*")
_GOES_ON = 0.4
"""The share of texts below others that begin with small letters: those of the first are theirs."""


@dataclass(frozen=True, slots=True)
class Band:
    """Rows `start` to `stop` (exclusive) with a blank strip from `left` to `right`.

    `is_narrow`: hardly wider than a space, so that texts on both sides were found as one.
    """

    start: int
    stop: int
    left: float
    right: float
    is_narrow: bool = False

    def parts(self, row: Row) -> tuple[Row, Row]:
        """What of a row stands on either side of the strip."""
        middle = (self.left + self.right) / 2
        cells = [part for cell in row for part in self._cut(cell)]
        before = [cell for cell in cells if (cell.left + cell.right) / 2 < middle]
        return before, cells[len(before) :]

    def _cut(self, cell: Cell) -> Sequence[Cell]:
        if not self.is_narrow or not cell.left < self.left <= self.right < cell.right:
            return (cell,)
        near = _EDGE * cell.height
        for number, (left, right) in enumerate(cell.spaces(), start=1):
            if left <= self.left + near and right >= self.right - near:
                return cell.parted(number)
        return (cell,)


def find_band(rows: Sequence[Row]) -> Band | None:
    """The longest band of rows that reads column by column; None where all rows read across."""
    bands: list[Band] = []
    seeds = _seeds(rows)
    if len(seeds) * sum(map(len, rows)) > _MOST_STEPS:
        return None
    for seed in seeds:
        # A seed inside a band that was found would grow into the same one.
        if not any(_holds(band, seed) for band in bands):
            bands.append(extended(rows, seed, _GUTTER))
    return max(
        (band for band in bands if _reads_down(rows, band)),
        key=lambda band: (band.stop - band.start, band.right - band.left),
        default=None,
    )


def _seeds(rows: Sequence[Row]) -> list[Band]:
    return [
        Band(index, index + 1, one.right, other.left)
        for index, row in enumerate(rows)
        for one, other in pairwise(row)
        if _gap_along(one, other) >= _SEED
    ]


def _holds(band: Band, seed: Band) -> bool:
    inside = band.start <= seed.start < band.stop
    return inside and seed.left <= band.left and band.right <= seed.right


def extended(rows: Sequence[Row], band: Band, narrowest: float) -> Band:
    """Take in the rows above and below for as long as the strip stays blank and so wide."""
    first, last = band.start, band.stop - 1
    upwards = _extended(rows, band, range(first - 1, -1, -1), first, narrowest)
    return _extended(rows, upwards, range(last + 1, len(rows)), last, narrowest)


def reads_as_fields(both: Sequence[tuple[Row, Row]]) -> bool:
    """Whether rows with text on both sides of a strip are labels and values, or have amounts."""
    lefts, rights = zip(*both, strict=True)
    return _are_amounts(lefts, rights) or are_fields(both)


def _extended(
    rows: Sequence[Row], band: Band, indices: Iterable[int], origin: int, narrowest: float
) -> Band:
    last = band.parts(rows[origin])
    for index in indices:
        parts = band.parts(rows[index])
        height = statistics.median(cell.height for cell in rows[index])
        if not _is_near(parts, last, height):
            break
        edge = max((cell.right for cell in parts[0]), default=band.left)
        other = min((cell.left for cell in parts[1]), default=band.right)
        narrowed = replace(band, left=max(band.left, edge), right=min(band.right, other))
        if narrowed.right - narrowed.left < narrowest * height:
            break
        band = replace(narrowed, start=min(band.start, index), stop=max(band.stop, index + 1))
        last = (parts[0] or last[0], parts[1] or last[1])
    return band


def _is_near(parts: tuple[Row, Row], last: tuple[Row, Row], height: float) -> bool:
    """Whether a row goes on with the columns; one that only has one side has to follow closely."""
    gaps = [_gap(part, before) for part, before in zip(parts, last, strict=True) if part]
    return min(gaps) <= (_APART if len(gaps) == 2 else _PITCH) * height


def _gap(one: Row, other: Row) -> float:
    """The blank height between two rows."""
    below = min(cell.top for cell in one) - max(cell.bottom for cell in other)
    above = min(cell.top for cell in other) - max(cell.bottom for cell in one)
    return max(below, above)


def _reads_down(rows: Sequence[Row], band: Band) -> bool:
    """Whether both sides are texts of their own, not cells of a table or labels and values."""
    pairs = [band.parts(row) for row in rows[band.start : band.stop]]
    lefts, rights = ([pair[side] for pair in pairs if pair[side]] for side in (0, 1))
    if _is_list(lefts) and _share(rights, is_numeric) < _MOSTLY:
        return True
    if min(len(lefts), len(rights)) < _MIN_LINES:
        return False
    both = [(left, right) for left, right in pairs if left and right]
    return (
        statistics.fmean(_gap_along(left[-1], right[0]) for left, right in both) >= _MEAN_GUTTER
        and min(_mean_words(lefts), _mean_words(rights)) >= _MIN_WORDS
        and not _are_amounts(lefts, rights)
        and not are_fields(both)
        and (_is_wrapped(both) or not _is_table([left + right for left, right in both]))
    )


def _is_list(lefts: Sequence[Row]) -> bool:
    """Whether a heading stands above its items, as that of a decree's recipients; whoever signs
    stands beside it."""
    items = [left[0].piece.text.startswith(_BULLETS) for left in lefts[1:]]
    return _is_label(lefts[0]) and len(items) > 0 and items[0] and sum(items) > _MOSTLY * len(items)


def _is_wrapped(both: Sequence[tuple[Row, Row]]) -> bool:
    """Whether texts go on below, as those of steps side by side do; cells begin with capitals."""
    starts = [cell.piece.text[0] for left, right in both[1:] for cell in (*left, *right)]
    goes_on = sum(map(str.islower, starts))
    begins = [cell.piece.text[0] for left, right in both[:1] for cell in (*left, *right)]
    return not any(map(str.islower, begins)) and goes_on >= _GOES_ON * max(1, len(starts))


def _are_amounts(lefts: Sequence[Row], rights: Sequence[Row]) -> bool:
    return max(_share(lefts, is_numeric), _share(rights, is_numeric)) >= _MOSTLY


def are_fields(both: Sequence[tuple[Row, Row]]) -> bool:
    """Labels with their values on the right, or labels with values on both sides."""
    labels = sum(_is_label(left) for left, _ in both)
    fields = sum(_has_colon(left) and _has_colon(right) for left, right in both)
    return max(labels, fields) > _MOSTLY * len(both)


def _is_table(rows: Sequence[Row]) -> bool:
    """Many short cells a row; the lines of three columns of running text are longer."""
    num_cells = [
        1 + sum(_gap_along(*pair) >= _MEAN_GUTTER for pair in pairwise(row)) for row in rows
    ]
    num_words = sum(map(_num_words, rows))
    return statistics.fmean(num_cells) >= _TABLE_CELLS and num_words < _CELL_WORDS * sum(num_cells)


def _gap_along(left: Cell, right: Cell) -> float:
    """The blank between two cells of a row, in heights."""
    return (right.left - left.right) / min(left.height, right.height)


def _share(parts: Sequence[Row], holds: Callable[[Row], bool]) -> float:
    return sum(map(holds, parts)) / len(parts)


def _is_label(part: Row) -> bool:
    return part[-1].piece.text.endswith(":")


def is_numeric(part: Row) -> bool:
    """Whether at least half of its words are plain figures, as amounts are."""
    words = [word.text for cell in part for word in cell.piece.words]
    figures = [word for word in words if not any(map(str.isalpha, word))]
    return 2 * len(figures) >= len(words)


def _has_colon(part: Row) -> bool:
    return any(":" in cell.piece.text for cell in part)


def _mean_words(parts: Sequence[Row]) -> float:
    return statistics.fmean(map(_num_words, parts))


def _num_words(part: Row) -> int:
    return sum(len(cell.piece.words) for cell in part)
