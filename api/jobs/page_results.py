"""Single pages, each as soon as it is read, and their pictures."""

from __future__ import annotations

import re
from hashlib import sha256
from http import HTTPStatus

from flask import Blueprint, Response, request
from pydantic import Field

from api.http.auth import authenticate, tenant
from api.http.operations import BINARY, Answer, NoQuery, operation
from api.jobs.options import VersionQuery
from api.jobs.results import ETAG, SAME
from api.jobs.stored import stored_blob
from api.jobs.views import KNOWN_JOB
from api.server.aside import aside
from api.services import Services, services
from shared import errors
from shared.blobs import BlobNotFound, picture_name
from shared.corrections import corrected
from shared.formats.cutting import scaled_jpeg
from shared.formats.tables import has_tables, linked_json
from shared.result import Page


class PictureQuery(NoQuery):
    """How large the picture is to be."""

    max_side: int | None = Field(
        default=None, ge=16, le=1600, description="pixels of its longer side, at most"
    )


page_results = Blueprint("page_results", __name__)
page_results.before_request(authenticate)

PAGES = (*KNOWN_JOB, errors.PageNotFound, errors.PageNotRead, errors.PageFailed)
_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@page_results.get("/v1/jobs/<job_id>/pages/<number>")
@operation(Page, query=VersionQuery, errors=PAGES)
def show_page(job_id: str, number: str, query: VersionQuery) -> Response:
    """Get one page as soon as it is read

    Pages count from 1.
    """
    parts = services()
    page = page_number(number)
    record = parts.jobs.page(tenant(), job_id, page)
    data = stored_blob(parts, tenant(), job_id, str(record.blob))
    changes = parts.corrections.of(job_id).lines if query.version == "corrected" else {}
    if page in changes:
        changed = corrected(Page.model_validate_json(data), changes[page])
        data = changed.model_dump_json().encode()
    if has_tables(data):
        *_, data = linked_json([*_page_before(parts, job_id, page), data])
    return Response(data, mimetype="application/json")


def page_number(text: str) -> int:
    """The number; one that no document has stands for any text that is none."""
    return int(text) if _PAGE_NUMBER.fullmatch(text) else 0


def _page_before(parts: Services, job_id: str, page: int) -> list[bytes]:
    """The page before one, if it was read yet: a table may go on."""
    try:
        record = parts.jobs.page(tenant(), job_id, page - 1)
        return [stored_blob(parts, tenant(), job_id, str(record.blob))]
    except (errors.PageNotFound, errors.PageNotRead, errors.PageFailed, errors.JobGone):
        return []


@page_results.get("/v1/jobs/<job_id>/pages/<number>/image")
@operation(
    description="The picture",
    content={"image/jpeg": BINARY},
    answer_headers=("ETag",),
    more=SAME
    | {204: Answer("The page has none, as one of a bulk PDF whose text it brought along")},
    query=PictureQuery,
    headers=ETAG,
    errors=PAGES,
)
def show_picture(job_id: str, number: str, query: PictureQuery) -> Response:
    """Get the picture of a page as soon as it is read

    A JPEG, scaled down, and turned as the page's `rotation` says: the boxes fit it after scaling.
    """
    parts = services()
    record = parts.jobs.page(tenant(), job_id, page_number(number))
    name = picture_name(str(record.blob))
    try:
        picture = parts.blobs.get(tenant(), job_id, name)
    except (BlobNotFound, FileNotFoundError):
        picture = b""
    if not picture:
        return Response(status=HTTPStatus.NO_CONTENT)
    if query.max_side:
        picture = aside(scaled_jpeg, picture, query.max_side)
    answer = Response(picture, mimetype="image/jpeg")
    answer.set_etag(sha256(f"{job_id} {name} {query.max_side}".encode()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Authorization"
    answer.make_conditional(request)
    return answer
