"""Part the first lines of two blocks of a letterhead that nearly touch and were found as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

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
