"""What was read: pages of lines of words (design: HTTP API, the result), as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docchu.boxes import Box, box_of
from docchu.fields import Fields
from docchu.jobs import Model, PageProblem

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line. Confidence is between 0 and 1.

    `alternatives` are what else it may be: what was seen where the language decided a mark.
    """

    text: str
    confidence: float
    box: Box
    alternatives: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, json: Json) -> Word:
        """Take one of a line's `words`."""
        alternatives = tuple(json.get("alternatives", ()))
        return cls(json["text"], json["confidence"], box_of(json["box"]), alternatives)


@dataclass(frozen=True, slots=True)
class Line:
    """One text line and its words; its `source` is `ocr` or `text_layer`."""

    text: str
    confidence: float
    box: Box
    words: tuple[Word, ...]
    source: str = "ocr"

    @classmethod
    def from_json(cls, json: Json) -> Line:
        """Take one of a page's `lines`."""
        words = tuple(Word.from_json(word) for word in json["words"])
        source = json.get("source", "ocr")
        return cls(json["text"], json["confidence"], box_of(json["box"]), words, source)


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell of a table, its places from 0; `lines` are the places of its lines in the page."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    confidence: float
    box: Box
    lines: tuple[int, ...]

    @classmethod
    def from_json(cls, json: Json) -> TableCell:
        """Take one of a table's `cells`."""
        return cls(
            row=json["row"],
            column=json["column"],
            row_span=json.get("row_span", 1),
            column_span=json.get("column_span", 1),
            text=json["text"],
            confidence=json["confidence"],
            box=box_of(json["box"]),
            lines=tuple(json["lines"]),
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page, its cells row by row; it `continues` the last one of the page of that
    number."""

    box: Box
    num_rows: int
    num_columns: int
    continues: int | None
    cells: tuple[TableCell, ...]
    page: int

    @property
    def rows(self) -> list[list[str]]:
        """The texts by row and column; where a cell goes on, nothing stands."""
        texts = [[""] * self.num_columns for _ in range(self.num_rows)]
        for cell in self.cells:
            texts[cell.row][cell.column] = cell.text
        return texts

    @classmethod
    def from_json(cls, json: Json, page: int) -> Table:
        """Take one of a page's `tables`."""
        cells = tuple(TableCell.from_json(cell) for cell in json["cells"])
        box, continues = box_of(json["box"]), json.get("continues")
        return cls(box, json["num_rows"], json["num_columns"], continues, cells, page)


@dataclass(frozen=True, slots=True)
class Barcode:
    """A barcode or QR code; `format` is such as `QRCode`, `Code128`, `EAN13`."""

    format: str
    value: str
    box: Box

    @classmethod
    def from_json(cls, json: Json) -> Barcode:
        """Take one of a page's `barcodes`."""
        return cls(json["format"], json["value"], box_of(json["box"]))


@dataclass(frozen=True, slots=True)
class PageWarning:
    """Something of a page that its lines do not tell; `unread`: what looks like text in `box`."""

    code: str
    detail: str
    box: Box

    @classmethod
    def from_json(cls, json: Json) -> PageWarning:
        """Take one of a page's `warnings`."""
        return cls(json["code"], json["detail"], box_of(json["box"]))


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was read, lines in reading order; `page` counts from 1.

    `width` and `height` are pixels after turning the picture by `rotation` degrees clockwise, and
    boxes are in those pixels. `source` is `ocr`, `text_layer` or `mixed`.
    """

    page: int
    width: int
    height: int
    rotation: int
    source: str
    lines: tuple[Line, ...]
    tables: tuple[Table, ...] = ()
    barcodes: tuple[Barcode, ...] = ()
    warnings: tuple[PageWarning, ...] = ()

    @property
    def text(self) -> str:
        """The text of the page, a line each, with an empty line between paragraphs and a tab
        between the cells of a table."""
        tables = {line: table for table in self.tables for c in table.cells for line in c.lines}
        rows: list[str] = []
        before: Table | None = None
        for index, line in enumerate(self.lines):
            table = tables.get(index)
            if table is not None and table is before:
                continue
            if index and (table or before or _starts_paragraph(self.lines[index - 1], line)):
                rows.append("")
            if table:
                rows += ["\t".join(row).rstrip("\t") for row in table.rows]
            else:
                rows.append(line.text)
            before = table
        return "\n".join(rows)

    @classmethod
    def from_json(cls, json: Json) -> Page:
        """Take one of a result's `pages`."""
        return cls(
            page=json["page"],
            width=json["width"],
            height=json["height"],
            rotation=json.get("rotation", 0),
            source=json.get("source", "ocr"),
            lines=tuple(Line.from_json(line) for line in json["lines"]),
            tables=tuple(Table.from_json(table, json["page"]) for table in json.get("tables", ())),
            barcodes=tuple(Barcode.from_json(code) for code in json.get("barcodes", ())),
            warnings=tuple(PageWarning.from_json(one) for one in json.get("warnings", ())),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """The text of a document. `problems` names the pages that are missing or not whole; `fields`
    are there where they were asked for."""

    job_id: str
    model: Model | None
    pages: tuple[Page, ...]
    problems: tuple[PageProblem, ...] = field(default=())
    fields: Fields | None = None

    @property
    def text(self) -> str:
        """The text of all pages, the same that the service gives as `format=text`."""
        return "\n\f".join(page.text for page in self.pages) + "\n"

    @classmethod
    def from_json(cls, json: Json, problems: tuple[PageProblem, ...] = ()) -> Result:
        """Take the service's JSON of a result; its job tells the problems."""
        pages = tuple(Page.from_json(page) for page in json["pages"])
        fields = Fields.from_json(json["fields"]) if "fields" in json else None
        return cls(json["job_id"], Model.from_json(json.get("model")), pages, problems, fields)


def _starts_paragraph(above: Line, below: Line) -> bool:
    # The service's own rule (shared/result.py), told again because the client stands alone: the gap
    # is clearly more than the leading of running text, or the text goes on in another column.
    top, bottom = _vertical_span(above)
    next_top, _ = _vertical_span(below)
    gap = next_top - bottom
    return gap < -(bottom - top) or gap > 0.9 * (bottom - top)


def _vertical_span(line: Line) -> tuple[float, float]:
    ys = [y for _, y in line.box]
    return min(ys), max(ys)
