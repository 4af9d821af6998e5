"""Word documents: headings, paragraphs, tables, and a page for each page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

from docx import Document
from docx.document import Document as DocxDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from shared.formats.structure import Heading, Part, structure
from shared.result import Page, Table

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_docx(pages: Iterable[Page], out: BinaryIO) -> None:
    """A document with what was read."""
    document = Document()
    for index, page in enumerate(pages):
        if index:
            document.add_page_break()  # type: ignore[no-untyped-call]
        for part in structure(page):
            _add(document, part)
    document.save(out)


def _add(document: DocxDocument, part: Part) -> None:
    if isinstance(part, Heading):
        document.add_heading(_plain(part.text), part.level)
    elif isinstance(part, Table):
        _add_table(document, part)
    else:
        marker = f"{part.marker} " if part.marker else ""
        paragraph = document.add_paragraph(marker)
        for index, text in enumerate(part.flowing):
            run = paragraph.add_run()
            if index:
                run.add_break()
            run.add_text(_plain(text))


def _add_table(document: DocxDocument, table: Table) -> None:
    made = document.add_table(table.num_rows, table.num_columns, style="Table Grid")
    places = [list(row.cells) for row in made.rows]
    for cell in table.cells:
        place = places[cell.row][cell.column]
        if cell.row_span * cell.column_span > 1:
            last = places[cell.row + cell.row_span - 1][cell.column + cell.column_span - 1]
            place = place.merge(last)
        place.text = _plain(cell.text)
    head = made.rows[0]._tr.get_or_add_trPr()  # repeated where the table goes over a page's end
    head.append(OxmlElement("w:tblHeader", {qn("w:val"): "true"}))
    document.add_paragraph()  # two tables that touch are one to Word


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
