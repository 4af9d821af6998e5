"""The tables of a document, those that go on over several pages put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.result import Page, Table, bounds

_HAS_TABLES = b'"tables":[{'
_FEW_LINES = 2
"""A page's number, a running title: what may stand between a table and the edge of its page."""
_SAME_EDGE = 0.03
"""Of the page's width: how far the columns of two parts may be apart."""


def has_tables(page: bytes) -> bool:
    """Whether a page in JSON has tables."""
    return _HAS_TABLES in page


def linked_json(pages: Iterable[bytes]) -> Iterator[bytes]:
    """The same for pages in JSON; those without tables are left as they are."""
    before: Page | None = None
    for data in pages:
        page = Page.model_validate_json(data) if has_tables(data) else None
        if before and page and _goes_on(before, page):
            page = _continuing(before, page)
            data = page.model_dump_json().encode()
        before = page
        yield data


def linked(pages: Iterable[Page]) -> Iterator[Page]:
    """The pages; a first table that goes on with the last one of the page before says so."""
    before: Page | None = None
    for page in pages:
        if before and _goes_on(before, page):
            page = _continuing(before, page)
        before = page
        yield page


def whole_tables(pages: Iterable[Page]) -> Iterator[Table]:
    """The tables of linked pages; `box` and the lines of a long one are those of its first part."""
    held: Table | None = None
    for page in pages:
        for table in page.tables:
            if held and table.continues is not None:
                held = _joined(held, table)
                continue
            if held:
                yield held
            held = table
    if held:
        yield held


def _continuing(before: Page, page: Page) -> Page:
    first = page.tables[0].model_copy(update={"continues": before.page})
    return page.model_copy(update={"tables": (first, *page.tables[1:])})


def _goes_on(before: Page, page: Page) -> bool:
    if not before.tables or not page.tables or page.page != before.page + 1:
        return False
    last, first = before.tables[-1], page.tables[0]
    after = len(before.lines) - 1 - max(_lines(last))
    above = min(_lines(first))
    if max(after, above) > _FEW_LINES or last.num_columns != first.num_columns:
        return False
    edges = zip(_edges(last, before.width), _edges(first, page.width), strict=True)
    return all(abs(one - other) <= _SAME_EDGE for one, other in edges)


def _lines(table: Table) -> list[int]:
    return [line for cell in table.cells for line in cell.lines] or [0]


def _edges(table: Table, width: int) -> list[float]:
    """Where each column begins, as a share of the page's width."""
    lefts: list[list[float]] = [[] for _ in range(table.num_columns)]
    for cell in table.cells:
        lefts[cell.column].append(bounds(cell.box)[0])
    return [min(found, default=0.0) / width for found in lefts]


def _joined(table: Table, more: Table) -> Table:
    """A table with its next part, whose head is left out where it is printed again."""
    repeated = 1 if table.rows[0] == more.rows[0] else 0
    cells = [cell for cell in more.cells if cell.row >= repeated]
    shift = table.num_rows - repeated
    moved = (cell.model_copy(update={"row": cell.row + shift, "lines": ()}) for cell in cells)
    rows = table.num_rows + more.num_rows - repeated
    return table.model_copy(update={"num_rows": rows, "cells": (*table.cells, *moved)})
