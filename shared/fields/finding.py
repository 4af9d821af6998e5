"""The ways of a template: from rows to the pieces that a value is written in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.fields.found import Why
from shared.fields.rows import Piece, Row, whole
from shared.fields.template import Way

_SAME_LINE = 0.5
"""Of the height of the lower of two lines: what they share where they stand side by side."""
_FAR_BELOW = 2.5
"""Heights of a line: what is further below a label does not belong to it."""
_UNEVEN = 0.4
"""Heights of a line: where a gap is wider than the one above it by that, a paragraph begins."""
_NEARBY = 12.0
"""Heights of a line that may lie between a field and what stands under it, as who has signed."""


@dataclass(frozen=True)
class Taken:
    """A value as it stands in the document."""

    pieces: tuple[Piece, ...]
    why: Why

    @property
    def text(self) -> str:
        """The value as it is written."""
        return " ".join(piece.text for piece in self.pieces if piece.text)


def take(way: Way, rows: Sequence[Row], known: Mapping[str, Taken]) -> Taken | None:
    """What a way finds."""
    rows = _in_section(way, rows)
    found: Taken | None = None
    used: set[Row] = set()
    for first, why in _beginnings(way, rows, known):
        if first.row in used:
            continue
        pieces = _cut(way, _continued(way, first, rows))
        if not any(piece.text for piece in pieces):
            continue
        found = Taken(tuple(pieces), why)
        if way.pick == "first":
            return found
        used.update(piece.row for piece in pieces)
    return found


def _in_section(way: Way, rows: Sequence[Row]) -> Sequence[Row]:
    if way.after is not None:
        at = next((i for i, row in enumerate(rows) if way.after.search(row.folded)), None)
        rows = () if at is None else rows[at:]
    if way.before is not None:
        start = 1 if way.after is not None else 0
        ends = (i for i, row in enumerate(rows) if i >= start and way.before.search(row.folded))
        rows = rows[: next(ends, len(rows))]
    return rows


def _beginnings(
    way: Way, rows: Sequence[Row], known: Mapping[str, Taken]
) -> Iterator[tuple[Piece, Why]]:
    """Where a value may begin."""
    if way.under or way.over:
        anchor = known.get(way.under or way.over or "")
        if anchor:
            yield from _at_anchor(way, rows, anchor)
        return
    for row in rows:
        if not _stands_in(way, row):
            continue
        if way.labels:
            yield from _at_label(way, row, rows)
        elif piece := _matching(way, whole(row)):
            yield piece, Why(place="area" if way.area else None, pattern=_shown(way))


def _at_label(way: Way, row: Row, rows: Sequence[Row]) -> Iterator[tuple[Piece, Why]]:
    # What costs little first: most lines hold no label.
    if not any(label in row.folded for label in way.plain_labels):
        return
    match = way.label.search(row.folded)
    if not match:
        return
    start, end = match.span(way.label.groupindex["label"])
    label = row.text[start:end]
    rest = Piece(row, match.end(), len(row.text))
    if way.where != "below" and (found := _matching(way, rest)):
        yield found, Why(label=label, place="right", pattern=_shown(way))
        return
    if way.where != "below" and rest.text and way.where == "right":
        return
    places = {"right": [_right_of], "below": [_below], "beside": [_right_of, _below]}
    for place in places[way.where]:
        for other in place(row, rows):
            if found := _matching(way, whole(other)):
                yield found, Why(label=label, place=place.__name__.strip("_"), pattern=_shown(way))
                return


def _at_anchor(way: Way, rows: Sequence[Row], anchor: Taken) -> Iterator[tuple[Piece, Why]]:
    base = anchor.pieces[-1 if way.under else 0].row
    others = [row for row in rows if row.page == base.page and _share_column(row, base)]
    if way.under:
        others = [row for row in others if row.edges[1] - base.edges[1] > 0 and row is not base]
        others.sort(key=lambda row: row.edges[1])
        for row in others:
            if row.edges[1] - base.edges[3] > _NEARBY * base.tall:
                return
            if _stands_in(way, row) and (piece := _matching(way, whole(row))):
                yield piece, Why(place=f"under {way.under}", pattern=_shown(way))
        return
    if block := _above(way, base, others):
        yield whole(block[0]), Why(place=f"over {way.over}", pattern=_shown(way))


def _above(way: Way, base: Row, others: Sequence[Row]) -> list[Row]:
    """The rows right above another, from the last one at which a name begins."""
    block: list[Row] = []
    lowest = base
    for row in sorted(others, key=lambda row: -row.edges[1]):
        if row.edges[3] > lowest.edges[1] + 0.4 * lowest.tall or not _stands_in(way, row):
            continue
        gap = lowest.edges[1] - row.edges[3]
        if gap > way.max_gap * row.tall or len(block) == way.max_lines or not _fits(way, row):
            break
        block.insert(0, row)
        lowest = row
        if way.starts is not None and way.starts.search(row.folded):
            break
    return block


def _continued(way: Way, first: Piece, rows: Sequence[Row]) -> list[Piece]:
    """The first piece with those of the lines below it that belong to the value."""
    pieces, last, before = [first], first.row, math.inf
    below = [row for row in rows if row.page == last.page and row is not last]
    for row in sorted(below, key=lambda row: row.edges[1]):
        if len(pieces) >= way.max_lines:
            break
        if row.edges[1] < last.edges[1] + 0.5 * last.tall or not _share_column(row, last):
            continue
        gap = row.edges[1] - last.edges[3]
        is_apart = gap > way.max_gap * last.tall or gap > before + _UNEVEN * last.tall
        begins_left = way.labels and row.edges[0] < first.row.edges[0] - 1.5 * last.tall
        is_over = way.ends is not None and way.ends.search(row.folded)
        if is_apart or begins_left or is_over or not _fits(way, row):
            break
        pieces.append(whole(row))
        last, before = row, gap
    return pieces


def _cut(way: Way, pieces: list[Piece]) -> list[Piece]:
    """The pieces up to where something else begins."""
    if way.cut is None:
        return pieces
    kept: list[Piece] = []
    for piece in pieces:
        match = way.cut.search(piece.row.folded[piece.start : piece.end])
        if match:
            return [*kept, Piece(piece.row, piece.start, piece.start + match.start())]
        kept.append(piece)
    return kept


def _matching(way: Way, piece: Piece) -> Piece | None:
    """The part that is the value: the pattern's group `value`, else all of it."""
    if not _fits(way, piece.row) and not way.labels:
        return None
    if way.pattern is None:
        return piece if piece.text else None
    match = way.pattern.search(piece.row.folded[piece.start : piece.end])
    if not match:
        return None
    group = way.pattern.groupindex.get("value", 0)
    start, end = match.span(group)
    return Piece(piece.row, piece.start + start, piece.start + end) if start < end else None


def _fits(way: Way, row: Row) -> bool:
    if way.without is not None and way.without.search(row.folded):
        return False
    return way.lines is None or bool(way.lines.search(row.text))


def _stands_in(way: Way, row: Row) -> bool:
    if way.area is None:
        return True
    left, top, right, bottom = way.area
    middle = (row.edges[0] + row.edges[2]) / 2 / max(1, row.width)
    return left <= middle <= right and top <= row.middle <= bottom


def _right_of(row: Row, rows: Sequence[Row]) -> list[Row]:
    def is_beside(other: Row) -> bool:
        shared = min(row.edges[3], other.edges[3]) - max(row.edges[1], other.edges[1])
        level = shared > _SAME_LINE * min(row.tall, other.tall) and other is not row
        return other.page == row.page and level and other.edges[0] >= row.edges[2] - row.tall

    return sorted(filter(is_beside, rows), key=lambda other: other.edges[0])[:1]


def _below(row: Row, rows: Sequence[Row]) -> list[Row]:
    def is_below(other: Row) -> bool:
        gap = other.edges[1] - row.edges[3]
        near = -0.5 * row.tall < gap < _FAR_BELOW * row.tall
        return other.page == row.page and near and other is not row and _share_column(other, row)

    return sorted(filter(is_below, rows), key=lambda other: other.edges[1])[:1]


def _share_column(one: Row, other: Row) -> bool:
    return one.edges[0] < other.edges[2] and other.edges[0] < one.edges[2]


def _shown(way: Way) -> str | None:
    return way.pattern.pattern if way.pattern is not None else None
