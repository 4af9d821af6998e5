"""HTML: headings, paragraphs and tables, a section for each page, without any style of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.formats.structure import Heading, Part, structure
from shared.formats.xml import escaped
from shared.result import Page, Table, TableCell

_HEAD = """\
<!DOCTYPE html>
<html lang="vi">
<head>
<meta charset="utf-8">
<title>{name}</title>
<style>
table {{ border-collapse: collapse }}
td, th {{ border: 1px solid #999; padding: 2px 6px; vertical-align: top; text-align: left }}
</style>
</head>
<body>
"""
_TAIL = "</body>\n</html>\n"


def html(pages: Iterable[Page], name: str) -> Iterator[str]:
    """A document as a web page, piece by piece."""
    yield _HEAD.format(name=escaped(name))
    for page in pages:
        parts = "".join(f"{_part(part)}\n" for part in structure(page))
        yield f'<section id="page-{page.page}">\n{parts}</section>\n'
    yield _TAIL


def _part(part: Part) -> str:
    if isinstance(part, Heading):
        return f"<h{part.level}>{escaped(part.text)}</h{part.level}>"
    if isinstance(part, Table):
        return _table(part)
    marker = f"{part.marker} " if part.marker else ""
    return f"<p>{escaped(marker)}{'<br>'.join(map(escaped, part.flowing))}</p>"


def _table(table: Table) -> str:
    rows = []
    for number in range(table.num_rows):
        cells = (_cell(cell) for cell in table.cells if cell.row == number)
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join(["<table>", *rows, "</table>"])


def _cell(cell: TableCell) -> str:
    spans = f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    spans += f' colspan="{cell.column_span}"' if cell.column_span > 1 else ""
    kind = "td" if cell.row else "th"
    return f"<{kind}{spans}>{escaped(cell.text)}</{kind}>"
