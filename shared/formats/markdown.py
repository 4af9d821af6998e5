"""Markdown: headings by the size of their letters, lists, tables where columns stand in line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from statistics import median

from shared.formats.tables import Table, VisualRow, tables_and_rows, visual_rows
from shared.result import Line, Page, bounds

_LARGE, _LARGER = 1.3, 1.75
"""In heights of the page's usual line: from here on a short line is a heading of the second, of the
first level. Lines with and without marks above their letters differ by up to a fifth."""
_MAX_HEADING_LENGTH = 120  # characters
_MIN_LINES = 3
"""With fewer lines than this nothing says what size is usual on a page."""
_PARAGRAPH_GAP = 0.9  # line heights, as in the plain text

_BULLET = re.compile(r"[•●▪■◦‣·∙*–—+-]\s+(?=\S)")
_NUMBER = re.compile(r"(\d{1,3})([.)])\s+(?=\S)")
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
    usual = _usual_height(page.lines)
    blocks: list[list[str]] = []
    before: VisualRow | None = None
    is_in_item = False
    for part in tables_and_rows(visual_rows(page.lines)):
        if isinstance(part, Table):
            blocks.append(_table(part))
            before, is_in_item = None, False
            continue
        level = _heading_level(part, usual)
        is_new = before is None or _is_apart(before, part) or not blocks
        is_in_item = is_in_item and not is_new
        for text in part.texts:
            marker, rest = _list_marker(text)
            if level:
                blocks.append([f"{'#' * level} {_inline(text)}"])
            elif marker:
                blocks.append([marker + _escaped(rest)])
                is_in_item = True
            elif is_in_item:
                blocks[-1].append("  " + _escaped(text))
            elif is_new or len(part.texts) > 1:
                blocks.append([_escaped(text)])
            else:
                blocks[-1].append(_escaped(text))
        before = None if level else part
    return _joined(blocks)


def _joined(blocks: list[list[str]]) -> str:
    """Blocks with an empty line between them; items of one list stand close."""
    out: list[str] = []
    for index, block in enumerate(blocks):
        if index and not (_is_item(block) and _is_item(blocks[index - 1])):
            out.append("")
        out += block
    return "".join(row + "\n" for row in out)


def _is_item(block: list[str]) -> bool:
    return block[0].startswith("- ") or _NUMBER.match(block[0]) is not None


def _usual_height(lines: Iterable[Line]) -> float | None:
    heights = [(_height(line), len(line.text)) for line in lines]
    if len(heights) < _MIN_LINES:
        return None
    # Each line counts by its letters: a page of headings with few words is still set in its body.
    return median(height for height, length in heights for _ in range(max(1, length // 8)))


def _height(line: Line) -> float:
    # Along the line's own upright: the rectangle around a slanting line is higher than its text.
    (ax, ay), _, _, (dx, dy) = line.box
    return float(((ax - dx) ** 2 + (ay - dy) ** 2) ** 0.5)


def _heading_level(row: VisualRow, usual: float | None) -> int:
    if usual is None or len(row.lines) != 1:
        return 0
    line = row.lines[0]
    is_long = len(line.text) > _MAX_HEADING_LENGTH
    if is_long or line.text.endswith((",", ";")) or not any(c.isalpha() for c in line.text):
        return 0
    size = _height(line) / usual
    return 1 if size >= _LARGER else 2 if size >= _LARGE else 0


def _is_apart(above: VisualRow, below: VisualRow) -> bool:
    _, top, _, bottom = bounds(above.lines[-1].box)
    gap = bounds(below.lines[0].box)[1] - bottom
    return gap < -(bottom - top) or gap > _PARAGRAPH_GAP * (bottom - top)


def _list_marker(text: str) -> tuple[str, str]:
    if match := _BULLET.match(text):
        return "- ", text[match.end() :]
    if match := _NUMBER.match(text):
        return f"{match[1]}{match[2]} ", text[match.end() :]
    return "", text


def _inline(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _escaped(text: str) -> str:
    """Text that means itself, wherever it stands."""
    return _NUMBER_AT_START.sub(r"\1\\\2", _AT_START.sub(r"\\", _inline(text), count=1), count=1)


def _table(table: Table) -> list[str]:
    rows = [f"| {' | '.join(_inline(cell) for cell in row)} |" for row in table.rows]
    return [rows[0], "|" + " --- |" * len(table.rows[0]), *rows[1:]]
