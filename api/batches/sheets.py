"""The fields of a batch as one sheet, CSV or XLSX: a row for each document."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Literal, get_args

from api.batches.archive import items_of, pieces_of
from api.batches.problems import problem_of
from api.jobs.fields import field_changes, fields_of, first_pages
from api.jobs.formats import FORMATS
from api.jobs.stored import stored_pages
from api.server.aside import aside
from api.services import Services
from shared import errors
from shared.batches import Batch
from shared.corrections import Reading
from shared.fields.extraction import AUTO
from shared.fields.found import Fields, FieldValue
from shared.formats.office.spreadsheet import BOM, Cell, csv_row, write_rows
from shared.jobs import Job
from shared.store.batches.jobs import Item

SheetForm = Literal["csv", "xlsx"]
MEDIA_TYPES = {form: FORMATS[form].media_type for form in get_args(SheetForm)}
_FIRST = ("position", "custom_id", "job_id", "status", "error", "document_type", "confidence")
_LAST = "warnings"


def stream_sheet(
    parts: Services, batch: Batch, form: SheetForm, reading: Reading, asked: str | None
) -> Iterator[bytes]:
    """The sheet of a batch that has ended, piece by piece.

    Its columns are the fields of the type that is asked for; of all types for `auto`, and where
    neither the request nor the batch names one. Line items are in JSON alone.
    """
    asked = asked or batch.options.extract or AUTO
    # One that was taken away since the batch was made has no fields; each row says so.
    templates = [one for name, one in parts.templates.items() if asked in (AUTO, name)]
    # Each name once, in the order of the templates.
    names = list(dict.fromkeys(name for template in templates for name in template.fields))
    rows = _rows(parts, batch, reading, asked, names)
    return _csv(rows) if form == "csv" else _xlsx(rows)


def _rows(
    parts: Services, batch: Batch, reading: Reading, asked: str, names: list[str]
) -> Iterator[list[Cell]]:
    yield [*_FIRST, *names, _LAST]
    for item, job in items_of(parts, batch.id):
        found, error = _found(parts, item, job, reading, asked)
        yield [
            item.position,
            item.custom_id,
            item.job_id,
            item.status,
            error,
            found.document_type,
            found.confidence if found.document_type else None,
            *(_cell(found.fields.get(name)) for name in names),
            "; ".join(warning.detail for warning in found.warnings),
        ]


def _found(
    parts: Services, item: Item, job: Job | None, reading: Reading, asked: str
) -> tuple[Fields, str | None]:
    """What a document says, and the code of what went wrong with it."""
    problem = problem_of(item)
    code = problem["code"] if problem else None
    if not item.status.has_result:
        return Fields(), code
    try:
        if job is None:  # since the item was looked at
            raise errors.JobGone
        pages = first_pages(stored_pages(parts, job, reading))
        changes = field_changes(parts, job, reading)
    except (errors.JobGone, errors.Unavailable) as error:
        return Fields(), error.code
    return aside(fields_of, parts, pages, asked, changes), code


def _cell(field: FieldValue | None) -> Cell:
    if field is None:
        return None
    return field.text if field.value is None else field.value


def _csv(rows: Iterator[list[Cell]]) -> Iterator[bytes]:
    yield BOM
    yield from map(csv_row, rows)


def _xlsx(rows: Iterator[list[Cell]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        write_rows(rows, file, "Fields")
        file.seek(0)
        yield from pieces_of(file)
