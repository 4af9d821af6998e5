"""The two blocks of a letterhead that nearly touch, so that their lines were found as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from worker.ocr.layout.columns import Band, are_fields, extended, is_numeric
from worker.ocr.layout.pieces import WIDE_GAP
from worker.ocr.layout.rows import Cell, Row

# All in heights of a line.
_BELOW = 2.0
"""How far the next line of the blocks is."""
_GAP = 1.5
"""What is blank between the blocks there."""
_CENTRED = 0.7
"""How far the lines of a block may be off its middle."""
_APART = 0.5
"""How far the parts are put apart, as texts of two columns are."""

_NARROWEST = 0.2
"""Of the strip between them, if both have several lines."""
_STANDS_OUT = 1.3
"""How much wider than all other gaps of its line it is."""
_MIN_WORDS = 3
"""Of two lines of a block."""
_AT_HEAD = 3
"""Of so many rows one begins the blocks."""


def with_heads_parted(rows: Sequence[Row]) -> list[Row]:
    """The rows, those cut that are centred above two blocks if they are cut at one of their spaces.

    A block's first line is set in capitals; a line of running text happens to be centred, too.
    """
    parted = [list(row) for row in rows]
    for above, below in pairwise(parted):
        gap = min(cell.top for cell in below) - max(cell.bottom for cell in above)
        if len(below) < 2 or gap > _BELOW * above[0].height:
            continue
        one, other = max(pairwise(below), key=lambda pair: pair[1].left - pair[0].right)
        if other.left - one.right < _GAP * min(one.height, other.height):
            continue
        middles = (below[0].left + one.right) / 2, (other.left + below[-1].right) / 2
        above[:] = [
            part
            for cell in above
            for part in (_parts(cell, *middles) if _spans(cell, one, other) else (cell,))
        ]
    return parted


def _spans(cell: Cell, one: Cell, other: Cell) -> bool:
    return cell.left < one.right and cell.right > other.left


def _parts(cell: Cell, left: float, right: float) -> tuple[Cell, ...]:
    """The cell cut at the space at which its parts have these middles; itself if there is none."""
    found = []
    for number, (end, start) in enumerate(cell.spaces(), start=1):
        off = max(abs((cell.left + end) / 2 - left), abs((start + cell.right) / 2 - right))
        texts = (cell.piece.words[:number], cell.piece.words[number:])
        if any(" ".join(word.text for word in words).isupper() for words in texts):
            found.append((off, number))
    off, number = min(found, default=(cell.right, 0))
    if off > _CENTRED * cell.height:
        return (cell,)
    before, after = cell.parted(number)
    missing = max(0.0, _APART * cell.height - (after.left - before.right)) / 2
    return (
        replace(before, right=before.right - missing),
        replace(after, left=after.left + missing),
    )


def find_blocks(rows: Sequence[Row]) -> Band | None:
    """Two blocks of several lines at the head of rows whose gap is hardly wider than a space, but
    wider than any other of its line."""
    for start, (above, below) in enumerate(pairwise(rows[: _AT_HEAD + 1])):
        gap = min(cell.top for cell in below) - max(cell.bottom for cell in above)
        strips = [_widest(row) for row in (above, below)]
        if gap > _BELOW * above[0].height or None in strips:
            continue
        lefts, rights = zip(*filter(None, strips), strict=True)
        band = Band(start, start + 2, max(lefts), min(rights), is_narrow=True)
        width = (band.right - band.left) / above[0].height
        if _NARROWEST <= width <= _GAP and _are_blocks([band.parts(row) for row in (above, below)]):
            return extended(rows, band, _NARROWEST)
    return None


def _widest(row: Row) -> tuple[float, float] | None:
    """The gap between two words of a row that stands out from all others, if one does."""
    between = [(one.right, other.left) for one, other in pairwise(row)]
    gaps = sorted(
        [*between, *(space for cell in row for space in cell.spaces())],
        key=lambda gap: gap[0] - gap[1],
    )
    widths = [right - left for left, right in gaps]
    if len(gaps) < 2 or widths[1] > WIDE_GAP * row[0].height:
        return None
    if widths[0] < _STANDS_OUT * widths[1]:
        return None
    return gaps[0]


def _are_blocks(both: Sequence[tuple[Row, Row]]) -> bool:
    """Whether both sides are lines of words that stand in line or are centred, no labels and
    values."""
    if not all(left and right for left, right in both) or are_fields(both):
        return False
    return all(_is_block(*side) for side in zip(*both, strict=True))


def _is_block(above: Row, below: Row) -> bool:
    num_words = sum(len(cell.piece.words) for cell in (*above, *below))
    if num_words < _MIN_WORDS or (is_numeric(above) and is_numeric(below)):
        return False
    left, right = below[0].left - above[0].left, below[-1].right - above[-1].right
    return min(abs(left), abs(right), abs(left + right) / 2) <= _CENTRED * above[0].height
