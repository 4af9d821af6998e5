"""The lines of an invoice or a receipt: by the head of their columns, with and without a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from shared.fields.patterns import label_pattern
from shared.fields.rows import Row, fold, straight
from shared.fields.template import Items
from shared.fields.touching import amount_end, heading_end, parted
from shared.result import Page, Table, Word

_CHUNK_GAP = 0.9
"""Heights of a word: words nearer to each other than this belong together."""
_PLAIN_FIGURE = re.compile(r"\d[\d.,]*\s*(?:đ|d|₫|vnd|VND)?")
_MAX_ITEMS = 500
_HEAD_ROWS = 4
Cells = dict[str, list[Word]]


@dataclass(frozen=True)
class Item:
    """A line of an invoice: the words of its columns, and its page."""

    page: int
    cells: Cells


def find_items(items: Items, pages: Sequence[Page], rows: Sequence[Row]) -> list[Item]:
    """The lines, from tables where there are some, else from how texts stand under a head."""
    in_tables: list[tuple[int, Cells]] = []
    heads: dict[int, str] | None = None
    for page in pages:
        for table in page.tables:
            if found := _head_of(items, table):
                first, heads = found
            elif heads is not None and table.continues is not None:
                first = 0
            else:
                continue
            in_tables += _of_table(items, page, table, first, heads)
    # A table whose columns were not told apart says less than its lines do.
    both = [_items_of(items, parts) for parts in (in_tables, list(_of_rows(items, rows)))]
    return max(both, key=itemgetter(0))[1][:_MAX_ITEMS]


def _items_of(items: Items, parts: list[tuple[int, Cells]]) -> tuple[int, list[Item]]:
    """How many cells were told apart, and the lines without the columns that are left out."""
    left_out = {name for name, column in items.columns.items() if column.left_out}
    kept = [
        (page, {name: words for name, words in cells.items() if name not in left_out})
        for page, cells in parts
    ]
    found = list(_joined([part for part in kept if part[1]]))
    apart = sum(len(cells.keys() & left_out) for _, cells in parts)
    return apart + sum(len(item.cells) for item in found), found


def _head_of(items: Items, table: Table) -> tuple[int, dict[int, str]] | None:
    """Behind which row a table's lines begin, and what its columns are."""
    for number, row in enumerate(table.rows[:_HEAD_ROWS]):
        heads: dict[int, str] = {}
        for index, text in enumerate(row):
            name = _column_of(items, text)
            if name and name not in heads.values():
                heads[index] = name
        if len(heads) >= 2:
            return number + 1, heads
    return None


def _column_of(items: Items, text: str) -> str | None:
    folded = " ".join(fold(text).split())
    for name, column in items.columns.items():
        if label_pattern(column.labels).search(folded):
            return name
    return None


def _of_table(
    items: Items, page: Page, table: Table, first: int, heads: dict[int, str]
) -> Iterator[tuple[int, Cells]]:
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    for number, texts in enumerate(table.rows):
        if number < first:
            continue
        folded = fold(" ".join(filter(None, texts)))
        if items.ends.search(folded):
            return
        if not folded or (items.skip is not None and items.skip.search(folded)):
            continue
        found: Cells = {}
        for index, name in heads.items():
            cell = cells.get((number, index))
            # What goes over several columns is of none of them, as the sum under a table.
            is_own = cell and sum(0 <= at - index < cell.column_span for at in heads) == 1
            words = [w for at in cell.lines for w in page.lines[at].words] if cell else []
            if words and is_own:
                found[name] = words
        if found:
            yield page.page, found


def _of_rows(items: Items, rows: Sequence[Row]) -> Iterator[tuple[int, Cells]]:
    lean = rows[0].lean if rows else 0.0
    head: dict[str, tuple[float, float]] = {}
    for page, words in _levels(rows):
        folded = fold(" ".join(word.text for word in words))
        if not head:
            head = _head_in(items, words, lean)
            continue
        if items.ends.search(folded):
            break
        if items.skip is not None and items.skip.search(folded):
            continue
        if words and not _PLAIN_FIGURE.fullmatch(words[-1].text):
            yield page, {next(iter(items.columns)): words}  # a line of text is a name alone
        else:
            yield page, _columns(words, head, lean)


def _joined(held: list[tuple[int, Cells]]) -> Iterator[Item]:
    """Names and figures that stand in two lines are put together."""
    name_first = bool(held) and len(held[0][1]) == 1
    item: Item | None = None
    waits = False  # its figures come below its name, of which there was no room beside it
    for (page, cells), (_, after) in zip(held, [*held[1:], (0, {})], strict=False):
        only_one = len(cells) == 1
        over = only_one and len(after) > 1 and cells.keys().isdisjoint(after)
        if item is None or (over and len(item.cells) > 1):
            if item:
                yield item
            item, waits = Item(page, cells), over
        elif not only_one and not ((name_first or waits) and len(item.cells) == 1):
            if len(item.cells) > 1:
                yield item
            item = Item(page, cells)
        elif name_first and only_one and len(item.cells) > 1:
            yield item
            item = Item(page, cells)
        else:
            for name, words in cells.items():
                item.cells[name] = item.cells.get(name, []) + words
    if item and len(item.cells) > 1:
        yield item


def _head_in(items: Items, words: list[Word], lean: float) -> dict[str, tuple[float, float]]:
    """Where the columns stand that a row names, from left to right; none if it is no head."""
    text, starts = "", []
    words = [part for word in words for part in parted(word, heading_end)]
    for word in words:
        starts.append(len(text))
        text += word.text + " "
    folded = fold(text)
    found: dict[str, tuple[float, float]] = {}
    for name, column in items.columns.items():
        pattern = label_pattern(column.labels)
        match = pattern.search(folded)
        if match:
            start, end = match.span(pattern.groupindex["label"])
            boxes = [
                straight(word.box, lean)
                for word, at in zip(words, starts, strict=True)
                if start <= at + len(word.text) - 1 and at < end
            ]
            if boxes:
                found[name] = min(box[0] for box in boxes), max(box[2] for box in boxes)
    return found if len(found) >= 2 else {}


def _columns(words: list[Word], head: dict[str, tuple[float, float]], lean: float) -> Cells:
    found: Cells = {}
    chunks: list[list[Word]] = []
    for word in (part for one in words for part in parted(one, amount_end)):
        left, top, _, bottom = straight(word.box, lean)
        last = chunks[-1][-1] if chunks else word
        is_near = left - straight(last.box, lean)[2] < _CHUNK_GAP * (bottom - top)
        same = not _is_figure(word) and not _is_figure(last)
        if chunks and not same:
            same = _nearest([word], head, lean) == _nearest(chunks[-1], head, lean)
        if chunks and is_near and same:
            chunks[-1].append(word)
        else:
            chunks.append([word])
    for chunk in chunks:
        found.setdefault(_nearest(chunk, head, lean), []).extend(chunk)
    return found


def _nearest(chunk: list[Word], head: dict[str, tuple[float, float]], lean: float) -> str:
    left, right = straight(chunk[0].box, lean)[0], straight(chunk[-1].box, lean)[2]

    def distance(name: str) -> float:
        start, end = head[name]
        overlap = min(right, end) - max(left, start)
        if overlap > 0:
            return -overlap
        return min(abs(left - start), abs(right - end), abs(left + right - start - end) / 2)

    return min(head, key=distance)


def _is_figure(word: Word) -> bool:
    return _PLAIN_FIGURE.fullmatch(word.text) is not None  # `500ml` and `A4` are of a name


def _levels(rows: Sequence[Row]) -> list[tuple[int, list[Word]]]:
    """The words of lines that stand side by side, from left to right."""
    levels: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (row.page, row.edges[1] + row.edges[3])):
        if levels and all(_side_by_side(row, other) for other in levels[-1]):
            levels[-1].append(row)
        else:
            levels.append([row])
    found = []
    for level in levels:
        words = [word for row in level for word in row.line.words]
        found.append((level[0].page, sorted(words, key=lambda word: word.box[0][0])))
    return found


def _side_by_side(one: Row, other: Row) -> bool:
    apart = abs(one.edges[1] + one.edges[3] - other.edges[1] - other.edges[3]) / 2
    over = min(one.edges[2], other.edges[2]) - max(one.edges[0], other.edges[0])
    lower = min(one.tall, other.tall)
    return one.page == other.page and apart < 0.4 * lower and over < lower
