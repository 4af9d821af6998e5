"""The fields of a result, found in its pages while they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from api.jobs.formats import FORMATS, stream_json
from api.jobs.stored import stored_pages
from api.services import Services
from shared.corrections import Reading, text_only
from shared.errors import InvalidOption
from shared.fields.extraction import AUTO, MAX_PAGES, extract
from shared.fields.found import Fields, FieldWarning
from shared.jobs import Job
from shared.result import Page
from shared.store.jobs.corrections import Versions

FieldChanges = Mapping[str, Mapping[str, Versions]]
"""What people set right, by type of document and name of the field."""


def check_extract(parts: Services, asked: str | None) -> None:
    """Raise InvalidOption where there is no template of this type."""
    if asked is not None and asked != AUTO and asked not in parts.templates:
        types = ", ".join([AUTO, *parts.templates])
        raise InvalidOption(
            f"There is no type `{asked[:40]}` of document; there are: {types}.", option="extract"
        )


def stream_of(
    parts: Services, job: Job, form: str, reading: Reading, asked: str | None = None
) -> Iterator[bytes]:
    """The result in one of the formats that are streamed; in JSON with the fields, if any."""
    if form == "json":
        return json_with_fields(parts, job, reading, asked)
    stream = FORMATS[form].stream
    assert stream is not None, form
    return stream(job, stored_pages(parts, job, reading))


def json_with_fields(
    parts: Services,
    job: Job,
    reading: Reading,
    asked: str | None = None,
    line_break: bytes = b"\n",
) -> Iterator[bytes]:
    """The result as JSON, with the fields that are asked for now or were with the job."""
    pages = stored_pages(parts, job, reading, all_places=True)
    asked = asked or job.options.extract
    if asked is None:
        return stream_json(job, pages, line_break)
    kept: list[bytes] = []

    def member() -> bytes:
        found = fields_of(parts, kept, asked, field_changes(parts, job, reading))
        return b', "fields": ' + found.model_dump_json().encode()

    return stream_json(job, _keeping(pages, kept), line_break, member)


def field_changes(parts: Services, job: Job, reading: Reading) -> FieldChanges:
    """What people set right in the fields of a job."""
    is_changed = reading == "corrected" and job.num_corrections
    return parts.corrections.of(job.id).fields if is_changed else {}


def fields_of(parts: Services, pages: list[bytes], asked: str, changes: FieldChanges) -> Fields:
    """The fields of pages in JSON."""
    if asked != AUTO and asked not in parts.templates:
        # It was taken away since the job was made, or a line of NDJSON made it up.
        detail = f"There is no type `{asked}` of document."
        return Fields(warnings=[FieldWarning(code="unknown_type", detail=detail, fields=())])
    read = [text_only(Page.model_validate_json(page)) for page in pages]
    return extract(read, parts.templates, asked, changes=changes)


def first_pages(pages: Iterator[bytes]) -> list[bytes]:
    """The pages that fields are looked for in."""
    return list(islice(pages, MAX_PAGES))


def _keeping(pages: Iterator[bytes], kept: list[bytes]) -> Iterator[bytes]:
    for page in pages:
        if len(kept) < MAX_PAGES:
            kept.append(page)
        yield page
