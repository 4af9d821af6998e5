"""A job's result as Azure tells it: content, pages, paragraphs, tables, each with its spans.

Streamed: the pages are gone through once for each of these, and never held all at once. Boxes are
on the picture as it came, before it was turned, in its pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from api.azure.asking import Asked
from api.azure.spans import Laid, lay
from shared.jobs import Job, rfc3339
from shared.result import Barcode, Box, Line, Page, Table, TableCell, paragraphs

Pages = Callable[[], Iterable[bytes]]
"""Gives the pages of a job from the first one on."""
_Json = dict[str, Any]
_MARKS = {"☑": "selected", "☐": "unselected"}
_ANGLES = {0: 0, 90: -90, 180: 180, 270: 90}
"""Of the text on the picture as it came, by the degrees that this was turned by."""


def stream_analysis(job: Job, asked: Asked, pages: Pages) -> Iterator[bytes]:
    """The answer to who asks for an analysis that has succeeded."""

    def laid() -> Iterator[Laid]:
        found = (Page.model_validate_json(page) for page in pages())
        return lay(found, asked.content_format, asked.index_type)

    head = {
        "apiVersion": asked.api_version,
        "modelId": asked.model,
        "stringIndexType": asked.index_type,
        "contentFormat": asked.content_format,
    }
    envelope = json.dumps({"status": "succeeded", **times(job)})
    yield f'{envelope[:-1]}, "analyzeResult": {_text(head)[:-1]}'.encode()
    yield b', "content": "'
    yield from (_text(one.separator + one.content)[1:-1].encode() for one in laid())
    yield b'"'
    yield from _array("pages", (_page(one, asked) for one in laid()))
    yield from _array("paragraphs", chain.from_iterable(map(_paragraphs, laid())))
    if asked.model == "prebuilt-layout":
        yield from _array("tables", chain.from_iterable(map(_tables, laid())))
    yield from _array("warnings", _warnings(job))
    yield b"}}\n"


def times(job: Job) -> dict[str, str]:
    """When a job was made, and when it last changed as far as its record says."""
    changed = job.finished_at or job.started_at or job.created_at
    return {"createdDateTime": rfc3339(job.created_at), "lastUpdatedDateTime": rfc3339(changed)}


def _array(name: str, items: Iterable[_Json]) -> Iterator[bytes]:
    before = f', "{name}": ['
    for item in items:
        yield (before + _text(item)).encode()
        before = ",\n"
    yield (before if before.startswith(", ") else "").encode() + b"]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _warnings(job: Job) -> Iterator[_Json]:
    """The pages that were not read, or not wholly: Azure's clients know no partial result."""
    for page in job.error.pages if job.error else ():
        yield {"code": page.code, "message": page.detail, "target": str(page.page)}


def _page(laid: Laid, asked: Asked) -> _Json:
    page = laid.page
    more: _Json = {}
    if asked.model == "prebuilt-layout":
        more["selectionMarks"] = list(_marks(laid))
    if asked.barcodes:
        more["barcodes"] = [_barcode(laid, one) for one in page.barcodes]
    is_turned = page.rotation in (90, 270)
    words = [
        {
            "content": word.text,
            "polygon": _polygon(page, word.box),
            "confidence": word.confidence,
            "span": laid.span(*place),
        }
        for line, places in zip(page.lines, laid.words, strict=True)
        for word, place in zip(line.words, places, strict=False)  # a line may have none
    ]
    return {
        "pageNumber": page.page,
        "angle": _ANGLES[page.rotation],
        "width": page.height if is_turned else page.width,
        "height": page.width if is_turned else page.height,
        "unit": "pixel",
        "words": words,
        "lines": [_line(laid, index, line) for index, line in enumerate(page.lines)],
        "spans": [laid.span(0, len(laid.content))],
        **more,
    }


def _marks(laid: Laid) -> Iterator[_Json]:
    """The check boxes, which are words of their lines."""
    for line, places in zip(laid.page.lines, laid.words, strict=True):
        for word, place in zip(line.words, places, strict=False):
            if state := _MARKS.get(word.text):
                yield {
                    "state": state,
                    "polygon": _polygon(laid.page, word.box),
                    "span": laid.span(*place),
                    "confidence": word.confidence,
                }


def _barcode(laid: Laid, barcode: Barcode) -> _Json:
    """A barcode, which has no place in the content; what it says was checked by its own digits."""
    return {
        "kind": barcode.format,
        "value": barcode.value,
        "polygon": _polygon(laid.page, barcode.box),
        "span": laid.span(0, 0),
        "confidence": 1,
    }


def _line(laid: Laid, index: int, line: Line) -> _Json:
    spans = [laid.span(*laid.lines[index])]
    return {"content": line.text, "polygon": _polygon(laid.page, line.box), "spans": spans}


def _paragraphs(laid: Laid) -> Iterator[_Json]:
    numbers = {id(line): index for index, line in enumerate(laid.page.lines)}
    for lines in paragraphs(laid.page):
        places = [laid.lines[numbers[id(line)]] for line in lines]
        yield {
            "content": " ".join(line.text for line in lines),
            "boundingRegions": [_region(laid.page, line.box) for line in lines],
            "spans": [laid.span(*place) for place in places],
        }


def _tables(laid: Laid) -> Iterator[_Json]:
    for table in laid.page.tables:
        cells = [_cell(laid, cell) for cell in table.cells]
        yield {
            "rowCount": table.num_rows,
            "columnCount": table.num_columns,
            "cells": cells,
            "boundingRegions": [_region(laid.page, table.box)],
            "spans": [_around(laid, table)],
        }


def _around(laid: Laid, table: Table) -> _Json:
    """From the first letter of a table to its last one."""
    places = [laid.lines[index] for cell in table.cells for index in cell.lines] or [(0, 0)]
    return laid.span(min(start for start, _ in places), max(end for _, end in places))


def _cell(laid: Laid, cell: TableCell) -> _Json:
    found = {
        "kind": "content",
        "rowIndex": cell.row,
        "columnIndex": cell.column,
        "content": cell.text,
        "boundingRegions": [_region(laid.page, cell.box)],
        "spans": [laid.span(*laid.lines[index]) for index in cell.lines],
    }
    spans = {"rowSpan": cell.row_span, "columnSpan": cell.column_span}
    return found | {name: size for name, size in spans.items() if size > 1}


def _region(page: Page, box: Box) -> _Json:
    return {"pageNumber": page.page, "polygon": _polygon(page, box)}


def _polygon(page: Page, box: Box) -> list[float]:
    """A box on the picture as it came: from the text's own top left on, clockwise."""
    return [round(value, 2) for point in box for value in _unturned(page, *point)]


def _unturned(page: Page, x: float, y: float) -> tuple[float, float]:
    if page.rotation == 90:
        return y, page.width - x
    if page.rotation == 180:
        return page.width - x, page.height - y
    if page.rotation == 270:
        return page.height - y, x
    return x, y
