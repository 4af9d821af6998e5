"""Markdown: headings, lists, tables; all other signs mean themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from shared.formats.structure import Heading, Part, structure
from shared.result import Page, Table

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~]|&(?=#?\w{1,40};))")
"""An `&` only where it would begin an entity: `&lt;` would be shown as `<`."""
_AT_START = re.compile(r"^(?=#{1,6}(\s|$)|[+-](\s|$)|={3,}$|-{3,}$)")
_NUMBER_AT_START = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


def markdown(pages: Iterable[Page]) -> Iterator[str]:
    """A document, page by page, with a rule between pages."""
    for index, page in enumerate(pages):
        yield ("\n---\n\n" if index else "") + page_markdown(page)


def page_markdown(page: Page) -> str:
    """One page; every line of the page stays a line, so that nothing is joined wrongly."""
    rows: list[str] = []
    was_item = False
    for part in structure(page):
        is_item = not isinstance(part, Heading | Table) and bool(part.marker)
        if rows and not (is_item and was_item):  # items of one list stand close
            rows.append("")
        rows += _block(part)
        was_item = is_item
    return "".join(row + "\n" for row in rows)


def _block(part: Part) -> list[str]:
    if isinstance(part, Heading):
        return [f"{'#' * part.level} {_inline(part.text)}"]
    if isinstance(part, Table):
        return _table(part)
    first, *others = map(_escaped, part.texts)
    if not part.marker:
        return [first, *others]
    marker = "-" if part.marker == "•" else part.marker
    return [f"{marker} {first}", *(f"  {text}" for text in others)]


def _inline(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _escaped(text: str) -> str:
    """Text that means itself, wherever it stands."""
    return _NUMBER_AT_START.sub(r"\1\\\2", _AT_START.sub(r"\\", _inline(text), count=1), count=1)


def _table(table: Table) -> list[str]:
    """Markdown knows no merged cells: their text stands in the first of their places."""
    head, *rows = (f"| {' | '.join(map(_inline, row))} |" for row in table.rows)
    return [head, "|" + " --- |" * table.num_columns, *rows]
