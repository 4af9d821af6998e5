"""Where each word of a page stands in the content, counted as the client wants it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from wcwidth import iter_graphemes

from shared.formats.markdown import page_markdown
from shared.result import Page, Table

Place = tuple[int, int]
"""Start and end in a page's content, in characters of Python."""
_SEPARATORS = {"text": "\n", "markdown": "\n---\n\n"}
_MORE = 16
"""Characters that Markdown puts before a line of text, at most, beside the backslashes in it."""


@dataclass(frozen=True)
class Laid:
    """A page with its content, what stands before that, and the places of lines and their words."""

    page: Page
    separator: str
    content: str
    lines: Sequence[Place]
    words: Sequence[Sequence[Place]]
    offset: int  # of the content in that of the document, in the client's units
    units: Sequence[int]

    def span(self, start: int, end: int) -> dict[str, int]:
        """A place as Azure tells it."""
        first, last = self.units[start], self.units[end]
        return {"offset": self.offset + first, "length": last - first}


def lay(pages: Iterable[Page], form: str, index_type: str) -> Iterator[Laid]:
    """Each page with its place in the content of the document."""
    offset = 0
    for number, page in enumerate(pages):
        separator = _SEPARATORS[form] if number else ""
        tables = {
            line: table for table in page.tables for cell in table.cells for line in cell.lines
        }
        order = list(_order(page, tables))
        if form == "markdown":
            content = page_markdown(page)
        else:
            content = "\n".join(page.lines[index].text for index in order)
        units = _units(content, index_type)
        offset += len(separator)
        lines, words = _places(page, order, tables, content)
        yield Laid(page, separator, content, lines, words, offset, units)
        offset += units[-1]


def _order(page: Page, tables: Mapping[int, Table]) -> Iterator[int]:
    """The lines as every text of a page has them: those of a table cell by cell."""
    done: set[int] = set()
    for index in range(len(page.lines)):
        table = tables.get(index)
        lines = [line for cell in table.cells for line in cell.lines] if table else [index]
        if index not in done:
            yield from lines
            done.update(lines)


def _places(
    page: Page, order: Iterable[int], tables: Container[int], content: str
) -> tuple[list[Place], list[list[Place]]]:
    """The places of the lines, and of their words."""
    lines: list[Place] = [(0, 0)] * len(page.lines)
    words: list[list[Place]] = [[] for _ in page.lines]
    at = 0
    for index in order:
        line = page.lines[index]
        # Before a cell there may be a whole ruling.
        limit = len(content) if index in tables else at + 2 * len(line.text) + _MORE
        for text in [word.text for word in line.words] or [line.text]:
            words[index].append(_find(text, content, at, limit))
            at = words[index][-1][1]
        lines[index] = words[index][0][0], at
    return lines, words


def _find(word: str, content: str, at: int, limit: int) -> Place:
    """The place of a word, whose signs Markdown may have put a backslash before."""
    start = content.find(word, at, limit)
    if start >= 0:
        return start, start + len(word)
    escaped = re.compile("".join(rf"\\?{re.escape(sign)}" for sign in word))
    match = escaped.search(content, at, limit)
    return match.span() if match else (at, at)  # a bullet, which Markdown writes as its own


def _units(text: str, index_type: str) -> Sequence[int]:
    """How many units stand before each character, and before the end."""
    if index_type == "unicodeCodePoint" or text.isascii():
        return range(len(text) + 1)
    if index_type == "utf16CodeUnit":
        return list(accumulate((2 if sign > "\uffff" else 1 for sign in text), initial=0))
    clusters = [len(cluster) for cluster in iter_graphemes(text)]
    before = [number for number, length in enumerate(clusters) for _ in range(length)]
    return [*before, len(clusters)]
