"""Reads a `POST /v1/jobs` in any of its forms: multipart, raw bytes, JSON with a URL or base64."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from flask import Request

from api.http.body import OVERHEAD_BYTES, base64_pieces, pieces
from api.http.filenames import base_name, name_in
from api.http.multipart import read_form
from api.http.operations import texts
from api.jobs.submission import Received
from shared.errors import EmptyDocument, InvalidOption
from shared.incoming.json_body import read_json
from shared.incoming.sinks import Base64Sink, UploadSink
from shared.options import BodyRequest, JobRequest
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
    members = read.members
    url = members.pop("url", None)
    if "data" in members:
        raise InvalidOption("`data` must be a string of base64.", option="data")
    options = BodyRequest.of_json(members, settings.result_ttl_s).together_with(query)
    if url is None:
        if read.document_key is None:
            raise EmptyDocument("The JSON object has neither `url` nor `data`.")
        return Received(options, password=options.password)
    if read.document_key is not None:
        raise InvalidOption("Give either `url` or `data`, not both.", option="url")
    if not isinstance(url, str):
        raise InvalidOption("`url` must be a string.", option="url")
    check_plain(url, settings.allow_targets)
    name = unquote(urlsplit(url).path, errors="replace")
    return Received(options, base_name(name), url, options.password)
