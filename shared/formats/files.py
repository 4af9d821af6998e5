"""Writes the formats that are files; each loads its own libraries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from shared.formats.pdf_process import Order
from shared.formats.tables import linked, whole_tables
from shared.result import Page


class Unusable(Exception):
    """There is nothing in the document that such a file could be made of."""


def write(order: Order, out: BinaryIO) -> None:
    """Write the file that is ordered. Raises Unusable."""
    if order.form == "pdf":
        _write_pdf(order, out)
    elif order.form == "docx":
        from shared.formats.office.docx import write_docx

        write_docx(linked(_pages(order)), out)
    else:
        from shared.formats.office.spreadsheet import NoTables, write_csv, write_xlsx

        writer = {"csv": write_csv, "xlsx": write_xlsx}[order.form]
        try:
            writer(whole_tables(linked(_pages(order))), out)
        except NoTables:
            raise Unusable from None


def _write_pdf(order: Order, out: BinaryIO) -> None:
    from shared.formats.pdf import SourceUnusable, searchable_pdf

    source, limit = Path(order.source), order.max_page_pixels
    try:
        out.write(searchable_pdf(source, order.media_type, _pages(order), limit, order.password))
    except SourceUnusable:
        raise Unusable from None


def _pages(order: Order) -> Iterator[Page]:
    return (Page.model_validate_json(Path(name).read_bytes()) for name in order.pages)
