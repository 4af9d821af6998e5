"""What was read: pages of lines of words, and their JSON form (design: HTTP API, the result)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float]
Box = tuple[Point, Point, Point, Point]
"""A quadrilateral in page pixels: top left, top right, bottom right, bottom left of the text as it
is read, on the page as it is returned (after `rotation`)."""
LineSource = Literal["ocr", "text_layer"]
Confidence = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    # What a newer worker says besides is passed over: while a fleet is upgraded, it reads pages
    # that an older API shows.
    model_config = ConfigDict(frozen=True, extra="ignore")


CorrectionKind = Literal["text", "not_text", "absent", "confirmed", "as_read"]


class CorrectionVersion(_Part):
    """What somebody said: the right `text`, that it is no text, or absent, or right, or `as_read`.

    `by` is the name of the API key, null where there are none; `at` a time as RFC 3339 writes it.
    """

    kind: CorrectionKind
    text: str | None
    by: str | None
    at: str


class Correction(CorrectionVersion):
    """The newest of the `versions`, which come oldest first; `original` is what was read."""

    original: str | None
    versions: tuple[CorrectionVersion, ...]

    @classmethod
    def of(cls, versions: tuple[CorrectionVersion, ...], original: str | None) -> Correction:
        """The one that stands."""
        return cls(**versions[-1].model_dump(), original=original, versions=versions)


class Word(_Part):
    """One word of a line; `confidence` is the chance that it is right.

    `alternatives` are what else it may be: what was seen where the language decided a mark. The
    field is there only where there are any.
    """

    text: str
    confidence: Confidence
    box: Box
    alternatives: tuple[str, ...] = Field(default=(), exclude_if=lambda words: not words)


class Line(_Part):
    """One text line; `text` is NFC and equals the words joined by single spaces.

    `confidence` is the chance that all its words are right. `source` says whether it was read, or
    is what the PDF says of itself where the picture of the page agrees. `correction` is there where
    somebody looked at it; a line that is no text keeps its place, with an empty `text`.
    """

    text: str
    confidence: Confidence
    box: Box
    words: tuple[Word, ...]
    source: LineSource = "ocr"
    correction: Correction | None = Field(default=None, exclude_if=lambda one: one is None)


class TableCell(_Part):
    """One cell of a table; rows and columns count from 0.

    `text` is that of its lines, joined by single spaces; `lines` are their places in the page's
    `lines`. `confidence` is the chance that all its words are right. `box` is its area.
    """

    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    text: str
    confidence: Confidence
    box: Box
    lines: tuple[int, ...]


class Table(_Part):
    """A table of a page; its cells come row by row and leave no place free.

    `continues` is the number of the page whose last table it goes on with.
    """

    box: Box
    num_rows: int
    num_columns: int
    continues: int | None = None
    cells: tuple[TableCell, ...]

    @property
    def rows(self) -> list[list[str]]:
        """The texts by row and column; where a cell goes on, nothing stands."""
        texts = [[""] * self.num_columns for _ in range(self.num_rows)]
        for cell in self.cells:
            texts[cell.row][cell.column] = cell.text
        return texts


class Barcode(_Part):
    """A barcode or QR code; `format` is such as `QRCode`, `Code128`, `EAN13`, `value` what it says.

    `box` is as the code stands, its top left corner first.
    """

    format: str
    value: str
    box: Box


class PageWarning(_Part):
    """Something of a page that its lines do not tell.

    `code` is `unread`: in `box` is what looks like text, and no line came of it.
    """

    code: str
    detail: str
    box: Box


class Page(_Part):
    """One page as it was read, lines in reading order.

    `width` and `height` are pixels after turning the picture by `rotation` degrees clockwise;
    boxes are in those pixels. `page` counts from 1. `source` is that of its lines, or `mixed`.
    """

    page: int
    width: int
    height: int
    rotation: Literal[0, 90, 180, 270] = 0
    source: Literal["ocr", "text_layer", "mixed"] = "ocr"
    lines: tuple[Line, ...]
    tables: tuple[Table, ...] = ()
    barcodes: tuple[Barcode, ...] = ()
    warnings: tuple[PageWarning, ...] = ()


def page_text(page: Page) -> str:
    """The text of a page, a line each, with an empty line between paragraphs.

    A row of a table is a line, with a tab between its cells.
    """
    return "\n\n".join(map(_block_text, blocks(page)))


def blocks(page: Page) -> list[Table | list[Line]]:
    """The paragraphs and the tables of a page, in reading order."""
    found: list[Table | list[Line]] = []
    for cell, lines in _parts(page):
        if cell is None:
            found.append(lines)
        elif not found or found[-1] is not page.tables[cell[0]]:
            found.append(page.tables[cell[0]])
    return found


def paragraphs(page: Page) -> list[list[Line]]:
    """The lines of a page by paragraph; those of a cell of a table are one."""
    return [lines for _, lines in _parts(page)]


def _parts(page: Page) -> list[tuple[tuple[int, int] | None, list[Line]]]:
    """The lines that belong together, each with the numbers of their table and cell."""
    cells = {
        line: (number, index)
        for number, table in enumerate(page.tables)
        for index, cell in enumerate(table.cells)
        for line in cell.lines
    }
    found: list[tuple[tuple[int, int] | None, list[Line]]] = []
    for index, line in enumerate(page.lines):
        cell = cells.get(index)
        is_new = not found or found[-1][0] != cell
        if is_new or (cell is None and _starts_paragraph(page.lines[index - 1], line)):
            found.append((cell, []))
        found[-1][1].append(line)
    return found


def _block_text(block: Table | list[Line]) -> str:
    if isinstance(block, Table):
        return "\n".join("\t".join(row).rstrip("\t") for row in block.rows)
    return "\n".join(line.text for line in block)


def document_text(pages: list[Page]) -> str:
    """The text of a whole document, a form feed between pages as `pdftotext` writes it."""
    return "\n\f".join(page_text(page) for page in pages) + "\n"


def _starts_paragraph(above: Line, below: Line) -> bool:
    """Whether the gap between two lines is clearly more than the leading of running text."""
    top, bottom = _vertical_span(above)
    next_top, _ = _vertical_span(below)
    gap = next_top - bottom
    return gap < -(bottom - top) or gap > 0.9 * (bottom - top)


def bounds(box: Box) -> tuple[float, float, float, float]:
    """The upright rectangle around a box: left, top, right, bottom."""
    xs, ys = [x for x, _ in box], [y for _, y in box]
    return min(xs), min(ys), max(xs), max(ys)


def _vertical_span(line: Line) -> tuple[float, float]:
    _, top, _, bottom = bounds(line.box)
    return top, bottom
