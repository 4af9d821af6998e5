"""Corrections: say what a line or a field is, and take all of them away as lines to train on."""

from __future__ import annotations

import re
from typing import Literal

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from api.corrections.lines import ZIP, stream_lines
from api.http.auth import authenticate, grant, tenant
from api.http.operations import BINARY, NoQuery, operation
from api.jobs.fields import field_changes, fields_of, first_pages
from api.jobs.page_results import PAGES, page_number
from api.jobs.searchable import drop_corrected
from api.jobs.stored import stored_blob, stored_pages
from api.jobs.views import KNOWN_JOB
from api.server.aside import aside
from api.services import Services, services
from shared import errors
from shared.corrections import corrected_line, fit_text
from shared.errors import batches as batch_errors
from shared.fields.found import Fields
from shared.fields.template import Template
from shared.jobs import Job
from shared.options import EXTRACT
from shared.result import CorrectionKind, Line, Page
from shared.store.jobs.corrections import MAX_TEXT

corrections = Blueprint("corrections", __name__)
corrections.before_request(authenticate)

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_ITEM = re.compile(r"items\[[1-9][0-9]{0,3}\]\.([a-z][a-z0-9_]{0,39})", re.ASCII)


_KINDS: tuple[CorrectionKind, ...] = ("text", "not_text", "absent", "confirmed", "as_read")


class _Said(BaseModel):
    """One of its members and no other, beside those that say of what."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        default="",
        min_length=1,
        max_length=MAX_TEXT,
        pattern=r"[^\s\x00-\x1f\x7f-\x9f]",
        description="what it says: kept in NFC, with single spaces",
    )
    confirmed: Literal[True] = Field(default=True, description="it is right as it stands")
    as_read: Literal[True] = Field(default=True, description="it is to be as it was read")

    def said(self) -> tuple[CorrectionKind, str | None]:
        """The kind, and the text where there is one. Raises InvalidOption."""
        given = [name for name in _KINDS if name in self.model_fields_set]
        if len(given) != 1:
            names = ", ".join(f"`{name}`" for name in _KINDS if name in type(self).model_fields)
            raise errors.InvalidOption(f"One of {names} is wanted, and no other.", option="text")
        kind = given[0]
        text = fit_text(self.text) if kind == "text" else None
        if text == "":
            raise errors.InvalidOption("`text` has nothing that can be printed.", option="text")
        return kind, text


class LineCorrection(_Said):
    """What a line is: one of these, and no other."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1}
    )

    not_text: Literal[True] = Field(default=True, description="it is no text at all")


class FieldCorrection(_Said):
    """What a field of a type of document is: the type, and one of the others."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"minProperties": 2, "maxProperties": 2}
    )

    document_type: str = Field(pattern=EXTRACT, description="of which type it is a field")
    absent: Literal[True] = Field(default=True, description="the document does not have it")


class LinesQuery(NoQuery):
    """Of which jobs: of one, of a batch, or all of them."""

    job_id: str | None = Field(default=None, max_length=64, description="only of this job")
    batch_id: str | None = Field(default=None, max_length=64, description="only of this batch")


@corrections.put("/v1/jobs/<job_id>/pages/<number>/lines/<line>")
@operation(
    Line,
    description="The line as it is now",
    body=LineCorrection,
    errors=(*PAGES, errors.LineNotFound, errors.CorrectionsFull),
)
def correct_line(job_id: str, number: str, line: str, body: LineCorrection) -> Line:
    """Correct a line

    Pages count from 1, lines from 0, as they stand in the JSON of the page. Results in every format
    have the line as it is now, unless asked for with `version=original`. What was said of a line is
    kept with who (the name of the API key) and when, the last ten times, and goes with the result.
    The same once more changes nothing.
    """
    parts = services()
    kind, text = body.said()
    job = parts.jobs.get(tenant(), job_id)
    page = page_number(number)
    record = parts.jobs.page(tenant(), job_id, page)
    data = stored_blob(parts, tenant(), job_id, str(record.blob))
    lines = Page.model_validate_json(data).lines
    place = int(line) if _NUMBER.fullmatch(line) else len(lines)
    if place >= len(lines):
        raise errors.LineNotFound
    if kind == "confirmed":  # what stands there now
        known = parts.corrections.of(job_id).lines.get(page, {}).get(place)
        text = corrected_line(lines[place], known).text if known else lines[place].text
        kind = kind if text else "not_text"
    versions = parts.corrections.put_line(job_id, page, place, kind, text or None, grant().by)
    drop_corrected(parts, job)
    return corrected_line(lines[place], versions)


@corrections.put("/v1/jobs/<job_id>/fields/<field>")
@operation(
    Fields,
    description="The fields as they are now",
    body=FieldCorrection,
    errors=(*KNOWN_JOB, errors.FieldNotFound, errors.CorrectionsFull, errors.JobNotFinished),
)
def correct_field(job_id: str, field: str, body: FieldCorrection) -> Fields:
    """Correct a field

    By its name, such as `number`, or `items[1].amount` of a line of an invoice. Its `value` is made
    of the text, and what has to fit together is checked again.
    """
    parts = services()
    kind, text = body.said()
    job = parts.jobs.get(tenant(), job_id)
    if not job.status.terminal:
        raise errors.JobNotFinished(job_status=job.status, eta_s=job.queue.eta_s)
    template = parts.templates.get(body.document_type)
    if template is None or not _has(template, field):
        raise errors.FieldNotFound
    kind_of = body.document_type
    if kind == "confirmed":
        found = _fields(parts, job, kind_of)
        text = _text_of(found, field)
    parts.corrections.put_field(job_id, kind_of, field, kind, text, grant().by)
    drop_corrected(parts, job)
    return _fields(parts, parts.jobs.get(tenant(), job_id), kind_of)


@corrections.get("/v1/corrections")
@operation(
    description="A zip of pictures of lines and `labels.tsv`",
    content={ZIP: BINARY},
    query=LinesQuery,
    errors=(*KNOWN_JOB, batch_errors.BatchNotFound, batch_errors.BatchGone),
)
def show_corrections(query: LinesQuery) -> Response:
    """Get the corrected lines to train on

    A folder as `make tune LINES=` takes it: a picture of each line that was corrected or confirmed,
    cut out of its page, and what it says in `labels.tsv` (`file`, `text`, `kind`). Lines of pages
    that have no picture are named in `left_out.tsv`.
    """
    parts, owner = services(), tenant()
    if query.job_id and query.batch_id:
        raise errors.InvalidOption("Either `job_id` or `batch_id` can be given.", option="batch_id")
    if query.job_id:
        parts.jobs.get(owner, query.job_id)
    if query.batch_id:
        parts.batches.check(owner, query.batch_id)
    answer = Response(stream_lines(parts, owner, query.job_id, query.batch_id), mimetype=ZIP)
    answer.headers["Content-Disposition"] = 'attachment; filename="lines.zip"'
    return answer


def _has(template: Template, name: str) -> bool:
    item = _ITEM.fullmatch(name)
    if item:
        return template.items is not None and item[1] in template.items.columns
    return name in template.fields


def _fields(parts: Services, job: Job, kind_of: str) -> Fields:
    pages = first_pages(stored_pages(parts, job))
    changes = field_changes(parts, job, "corrected")
    return aside(fields_of, parts, pages, kind_of, changes)


def _text_of(found: Fields, name: str) -> str:
    """What a field says now. Raises FieldNotFound."""
    item = _ITEM.fullmatch(name)
    if item is None:
        fields = found.fields
    else:
        number = int(name[len("items[") : name.index("]")])
        fields = found.items[number - 1] if number <= len(found.items) else {}
        name = item[1]
    if name not in fields:
        raise errors.FieldNotFound("This field was not found: there is nothing to confirm.")
    return fields[name].text
