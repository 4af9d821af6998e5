"""Reads a `POST /v1/jobs` in any of its forms: multipart, raw bytes, JSON with a URL or base64."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from flask import Request

from api.http.body import OVERHEAD_BYTES, base64_pieces, pieces
from api.http.filenames import base_name, name_in
from api.http.multipart import read_form
from api.http.operations import texts
from api.jobs.submission import Received
from shared.errors import EmptyDocument, InvalidOption, UnsupportedMediaType
from shared.incoming.json_body import JsonBody, read_json
from shared.incoming.sinks import Base64Sink, UploadSink
from shared.jobs import Job
from shared.options import BodyRequest, JobRequest, RerunBody, RerunRequest
from shared.outgoing.addresses import check_plain
from shared.settings import Settings


def receive(request: Request, settings: Settings, sink: UploadSink) -> Received:
    """Read the request; its document goes to the sink. Raises RequestError and its kinds."""
    if request.mimetype == "multipart/form-data":
        return _form(request, settings, sink)
    if request.mimetype == "application/json":
        return _json(request, settings, sink)
    return _raw(request, settings, sink)


def _raw(request: Request, settings: Settings, sink: UploadSink) -> Received:
    options = JobRequest.of_texts(texts(request.args), settings.result_ttl_s)
    for piece in pieces(request, settings.max_upload_bytes):
        sink.write(piece)
    return Received(options, base_name(name_in(request.headers.get("Content-Disposition"))))


def _form(request: Request, settings: Settings, sink: UploadSink) -> Received:
    query = JobRequest.of_texts(texts(request.args), settings.result_ttl_s)
    body = pieces(request, settings.max_upload_bytes, OVERHEAD_BYTES)
    form = read_form(body, request.mimetype_params.get("boundary", ""), sink)
    fields = {name: value for name, value in form.fields.items() if value != ""}
    options = BodyRequest.of_texts(fields, settings.result_ttl_s).together_with(query)
    return Received(options, base_name(form.file_name), password=options.password)


def _json(request: Request, settings: Settings, sink: UploadSink) -> Received:
    query = JobRequest.of_texts(texts(request.args), settings.result_ttl_s)
    body = base64_pieces(request, settings.max_upload_bytes)
    read = read_json(body, Base64Sink(sink), ("data",))
    sources = ("url", "data")
    members = {key: value for key, value in read.members.items() if key not in sources}
    options = BodyRequest.of_json(members, settings.result_ttl_s).together_with(query)
    name, url = url_in(read, settings)
    return Received(options, name, url, options.password)


def receive_again(
    request: Request, settings: Settings, find: Callable[[], Job], sink: UploadSink
) -> Received:
    """Read what is to be other when a job's document is read again: the query, or a JSON object.

    What is wrong with them is told first, whatever became of the job. Raises InvalidOption,
    RequestError, UnsupportedMediaType, and what `find` raises.
    """
    max_ttl_s = settings.result_ttl_s
    given = RerunBody.of_texts({}, max_ttl_s)
    body = b"".join(pieces(request, OVERHEAD_BYTES))
    if body and request.mimetype != "application/json":
        raise UnsupportedMediaType("Options go into the query, or into a JSON object.")
    if body:
        given = RerunBody.of_json(read_json([body], sink, ()).members, max_ttl_s)
    query = RerunRequest.of_texts(texts(request.args), max_ttl_s)
    given, job = given.together_with(query), find()
    asked = given.over(job.options, job.metadata)
    options = JobRequest.of_json(asked, max_ttl_s)
    return Received(options, job.document.name, job.url, given.password, again=job)


def url_in(
    read: JsonBody, settings: Settings, url_key: str = "url", data_key: str = "data"
) -> tuple[str | None, str | None]:
    """The file name and address of a document that is named by its URL, in a JSON body.

    Both None where it brought the document itself. Raises InvalidOption, AddressRefused, and
    EmptyDocument where it has neither.
    """
    url = read.members.get(url_key)
    if data_key in read.members:
        raise InvalidOption(f"`{data_key}` must be a string of base64.", option=data_key)
    if url is None:
        if read.document_key is None:
            raise EmptyDocument(f"The JSON object has neither `{url_key}` nor `{data_key}`.")
        return None, None
    if read.document_key is not None:
        raise InvalidOption(f"Give either `{url_key}` or `{data_key}`, not both.", option=url_key)
    if not isinstance(url, str):
        raise InvalidOption(f"`{url_key}` must be a string.", option=url_key)
    check_plain(url, settings.allow_targets)
    return base_name(unquote(urlsplit(url).path, errors="replace")), url
