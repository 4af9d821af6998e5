"""What was read of a batch: a line of JSON for each document in its turn, also while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from flask import Blueprint, Response, request
from pydantic import Field

from api.batches.archive import ZIP, stream_zip
from api.batches.lines import Form, Results
from api.batches.sheets import MEDIA_TYPES, SheetForm, stream_sheet
from api.http.auth import authenticate, grant, tenant
from api.http.operations import BINARY, TEXT, operation
from api.jobs.fields import check_extract
from api.jobs.formats import FormatName
from api.jobs.options import VersionQuery
from api.services import Services, services
from shared import errors
from shared.batches import Batch
from shared.errors import batches as batch_errors
from shared.options import EXTRACT

batch_results = Blueprint("batch_results", __name__)
batch_results.before_request(authenticate)

NDJSON = "application/x-ndjson"
Container = Literal["json", "text", "zip", "csv", "xlsx"]


class BatchResultsQuery(VersionQuery):
    """Which results, and in which form."""

    format: Container | None = Field(
        default=None,
        description="`json` (default): each line has the `result`; `text`: the `text`; `zip`, or "
        "the header `Accept: application/zip`: one zip with a file for each document; `csv` or "
        "`xlsx`: a sheet of the fields, a row for each document",
    )
    extract: str | None = Field(
        default=None,
        pattern=EXTRACT,
        description="fields in each `result` or in the sheet: `auto` or a type of document",
    )
    as_: FormatName = Field(default="text", alias="as", description="what the files of a zip are")
    after: int = Field(default=0, ge=0, description="only what is behind this `position`")
    follow: bool = Field(
        default=False,
        description="wait for each document in turn, until the batch has ended; empty lines while "
        "nothing happens",
    )


@batch_results.get("/v1/batches/<batch_id>/results")
@operation(
    description="A line of JSON for each document",
    content={NDJSON: TEXT, ZIP: BINARY, **dict.fromkeys(MEDIA_TYPES.values(), BINARY)},
    query=BatchResultsQuery,
    errors=(
        batch_errors.BatchNotFound,
        batch_errors.BatchGone,
        batch_errors.BatchNotFinished,
    ),
)
def show_batch_results(batch_id: str, query: BatchResultsQuery) -> Response:
    """Get the results of a batch

    One JSON object a line, in the order of submission: `position`, `custom_id`, `job_id`, `status`,
    `error` (`code`, `detail`, or null) and, where something was read, `result` or `text`. What has
    not ended yet is a line, too. With `follow` each line comes as soon as its document and all
    before it have ended; the answer ends with the batch, or after ten minutes: `after` goes on.

    As a zip: each document's result in the format `as` (text), in a file under its own name and
    folders, once the batch has ended; `errors.csv` in it names what was not read, not wholly, or is
    not to be had in the format.

    As a sheet: a row for each document with its fields, once the batch has ended.
    """
    parts, owner = services(), tenant()
    form = _whole_form(query)
    if query.extract and (form == "zip" or query.format == "text"):
        raise errors.InvalidOption(
            "`extract` goes with lines of JSON and sheets.", option="extract"
        )
    check_extract(parts, query.extract)
    if form is not None:
        return _whole(parts, parts.batches.get(owner, batch_id), query, form)
    parts.batches.check(owner, batch_id)
    text_or_json: Form = "text" if query.format == "text" else "json"
    results = Results(parts, grant(), batch_id, text_or_json, query.version, query.extract)
    if not query.follow:
        return _answer(results.so_far(query.after))
    stream = results.following(query.after)
    # The first step takes the place to wait at, so that there is still time to say no.
    next(stream)
    return _answer(stream)


def _whole_form(query: BatchResultsQuery) -> Literal["zip"] | SheetForm | None:
    """What is to be had once the batch has ended; None for lines."""
    if query.format in ("zip", "csv", "xlsx"):
        return query.format
    asks = query.format is None and request.accept_mimetypes.best_match([NDJSON, ZIP], NDJSON)
    return "zip" if asks == ZIP else None


def _whole(
    parts: Services, batch: Batch, query: BatchResultsQuery, form: Literal["zip"] | SheetForm
) -> Response:
    if query.follow or query.after:
        option = "follow" if query.follow else "after"
        raise errors.InvalidOption(
            f"A {form} is whole: ask without `follow` and `after`.", option=option
        )
    if not batch.status.terminal:
        raise batch_errors.BatchNotFinished(batch_status=batch.status, eta_s=batch.eta_s)
    if form == "zip":
        answer = Response(stream_zip(parts, grant(), batch, query.as_, query.version), mimetype=ZIP)
    else:
        stream = stream_sheet(parts, batch, form, query.version, query.extract)
        answer = Response(stream, mimetype=MEDIA_TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{batch.id}.{form}"'
    return answer


def _answer(stream: Iterator[bytes]) -> Response:
    answer = Response(stream, mimetype=NDJSON)
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would hold the lines back
    return answer
