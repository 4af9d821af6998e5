"""The results that are files: each has an address of its own."""

from __future__ import annotations

from flask import Blueprint, Response, request

from api.http.auth import authenticate
from api.http.operations import BINARY, Answer, operation
from api.http.problems import MEDIA_TYPE, ProblemDetails
from api.jobs.formats import FORMATS, ZIPPED_CSV
from api.jobs.results import ENDED, ETAG, OF_RESULT, SAME, ReadQuery, result_as

files = Blueprint("files", __name__)
files.before_request(authenticate)

_ANY_FILE = "application/octet-stream"


def _file_view(name: str, doc: str, other_type: str | None = None) -> None:
    types = (FORMATS[name].media_type, *([other_type] if other_type else []))
    content = dict.fromkeys(types, BINARY)

    def show(job_id: str, query: ReadQuery) -> Response:
        answer = result_as(job_id, name, query)
        if other_type == _ANY_FILE:
            answer.mimetype = request.accept_mimetypes.best_match(types, types[0])
        return answer

    show.__doc__ = doc
    more = {
        206: Answer("The `Range` of it", content),
        416: Answer("It has no such `Range`", {MEDIA_TYPE: ProblemDetails}),
    }
    view = operation(
        description="The whole file",
        content=content,
        query=ReadQuery,
        answer_headers=OF_RESULT,
        more=SAME | more,
        headers=ETAG,
        errors=ENDED,
    )(show)
    path = f"/v1/jobs/<job_id>/result/{name}"
    files.add_url_rule(path, f"show_result_as_{name}", view, methods=["GET"])


_file_view(
    "pdf",
    """Get the result as a searchable PDF

    The document with an invisible text over its pages. As `application/octet-stream` where that is
    what `Accept` likes best.
    """,
    _ANY_FILE,
)
_file_view(
    "docx",
    """Get the result as a Word document

    Headings, paragraphs and tables, each page on a page of its own.
    """,
)
_file_view(
    "xlsx",
    """Get the tables as a workbook

    A sheet for each table, numbers as numbers (`1.250.000,5`, too). A table that goes on over
    several pages is one. 406 where there is none.
    """,
)
_file_view(
    "csv",
    """Get the tables as CSV

    UTF-8 with a byte order mark; several tables are a zip of them. 406 where there is none.
    """,
    ZIPPED_CSV.media_type,
)
