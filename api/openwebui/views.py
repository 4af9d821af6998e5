"""Open WebUI's "external" content extraction: `PUT /process`, answered by the pages' texts.

After `open_webui/retrieval/loaders/external_document.py`.
"""

from __future__ import annotations

from urllib.parse import unquote

from flask import Blueprint, Response, request
from pydantic import BaseModel, TypeAdapter

from api.http.auth import authenticate
from api.http.body import pieces
from api.http.filenames import base_name
from api.http.operations import BINARY, Body, operation
from api.jobs.at_once import READING, read_at_once, short_lived
from api.jobs.options import RAW_TYPES
from api.jobs.stored import stored_pages
from api.jobs.submission import Received
from api.services import services
from shared.errors.documents import NoText
from shared.formats.markdown import page_markdown
from shared.incoming.sinks import UploadSink
from shared.result import Page

openwebui = Blueprint("openwebui", __name__)
openwebui.before_request(authenticate)


class PageMetadata(BaseModel):
    """Where a text stands; `page` counts from 0, as Open WebUI's citations do."""

    source: str
    page: int
    page_label: int
    total_pages: int


class LoadedPage(BaseModel):
    """The text of a page, as Markdown."""

    page_content: str
    metadata: PageMetadata


_PAGES = TypeAdapter(list[LoadedPage])


@openwebui.put("/process")
@operation(
    list[LoadedPage],
    description="The pages that have a text",
    body=Body(dict.fromkeys(RAW_TYPES, BINARY), fields=None),
    query=None,
    headers={"X-Filename": {"type": "string", "description": "percent-encoded"}},
    errors=(*READING, NoText),
)
def process() -> Response:
    """Read a document, as Open WebUI's external document loader does

    The address to give Open WebUI is that of this service; its key is an API key.
    """
    parts = services()
    name = base_name(unquote(request.headers.get("X-Filename", ""), errors="replace"))
    options = short_lived(parts.settings)

    def receive(sink: UploadSink) -> Received:
        for piece in pieces(request, parts.settings.max_upload_bytes):
            sink.write(piece)
        return Received(options, name)

    job = read_at_once(parts, receive)
    total = job.progress.pages_total or 0
    found = []
    for data in stored_pages(parts, job):
        page = Page.model_validate_json(data)
        if text := page_markdown(page).strip():
            number = page.page
            told = PageMetadata(
                source=name or job.id, page=number - 1, page_label=number, total_pages=total
            )
            found.append(LoadedPage(page_content=text, metadata=told))
    if not found:
        raise NoText
    return Response(_PAGES.dump_json(found), mimetype="application/json")
