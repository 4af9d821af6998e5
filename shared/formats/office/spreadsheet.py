"""Tables for spreadsheets: CSV, and workbooks with a sheet for each table."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO

import xlsxwriter

from shared.formats.office.numbers import could_be_formula, number_of
from shared.result import Table

BOM = b"\xef\xbb\xbf"
"""Without it spreadsheets take a CSV for one of their own country's letters."""
Cell = str | int | float | None
_NARROWEST, _WIDEST = 8, 60  # characters of a column


class NoTables(Exception):
    """A document without any table."""


def write_csv(tables: Iterable[Table], out: BinaryIO) -> None:
    """One table as CSV, several as a zip of them. Raises NoTables."""
    rest = iter(tables)
    first = list(islice(rest, 2))
    if not first:
        raise NoTables
    if len(first) == 1:
        out.write(_csv(first[0]))
        return
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, table in enumerate(chain(first, rest), start=1):
            archive.writestr(f"table-{number:03}.csv", _csv(table))


def write_xlsx(tables: Iterable[Table], out: BinaryIO) -> None:
    """A workbook, numbers as numbers. Raises NoTables."""
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    formats = _Formats(book)
    number = 0
    for number, table in enumerate(tables, start=1):
        _fill(book.add_worksheet(f"Table {number}"), table, formats)
    if not number:
        raise NoTables
    book.close()


class _Formats:
    """The formats of a workbook, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, bool], object] = {}

    def get(self, shown: str = "", head: bool = False) -> object:
        """The format that shows a number so; `head` is for the first row."""
        if (shown, head) not in self._made:
            looks = {"text_wrap": True, "valign": "top", "border": 1, "bold": head}
            self._made[shown, head] = self._book.add_format(
                looks | ({"num_format": shown} if shown else {})
            )
        return self._made[shown, head]


def _fill(sheet: xlsxwriter.worksheet.Worksheet, table: Table, formats: _Formats) -> None:
    for cell in table.cells:
        number = number_of(cell.text)
        value = float(number.value) if number else cell.text
        looks = formats.get(number.shown if number else "", head=cell.row == 0)
        if cell.row_span * cell.column_span > 1:
            last = cell.row + cell.row_span - 1, cell.column + cell.column_span - 1
            sheet.merge_range(cell.row, cell.column, *last, "", looks)
        if isinstance(value, float):
            sheet.write_number(cell.row, cell.column, value, looks)
        elif value:
            sheet.write_string(cell.row, cell.column, value, looks)
        else:
            sheet.write_blank(cell.row, cell.column, None, looks)
    for column, width in enumerate(_widths(table)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)


def _widths(table: Table) -> Iterator[int]:
    for column in range(table.num_columns):
        longest = max(
            (len(c.text) for c in table.cells if c.column == column and c.column_span == 1),
            default=0,
        )
        yield min(max(longest + 2, _NARROWEST), _WIDEST)


def _csv(table: Table) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in table.rows)
    return BOM + text.getvalue().encode()


def csv_row(cells: Iterable[Cell]) -> bytes:
    """A row of CSV in which no text, be it a number with a sign, is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(
        f"'{cell}" if isinstance(cell, str) and could_be_formula(cell) else cell for cell in cells
    )
    return text.getvalue().encode()


def write_rows(rows: Iterable[Iterable[Cell]], out: BinaryIO, name: str) -> None:
    """A workbook of one sheet whose first row is its head; texts stay texts, whatever they say."""
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True})
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell, head if number == 0 else None)
            elif cell is not None:
                sheet.write_number(number, column, cell)
    sheet.freeze_panes(1, 0)
    book.close()


def _harmless(text: str) -> str:
    """A cell that is no formula to a spreadsheet; numbers are none."""
    return f"'{text}" if could_be_formula(text) and not number_of(text) else text
