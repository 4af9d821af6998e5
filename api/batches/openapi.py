"""What APIFlask cannot tell of batches: bodies that stream, their fields, results as a zip."""

from __future__ import annotations

from typing import Any

from api.batches.uploads import ZIP_TYPES
from shared.options import BatchRequest, JobRequest

_BINARY = {"type": "string", "format": "binary"}
_ZIP = ZIP_TYPES[0]
_OF_THE_BATCH = ("batch_id", "custom_id")


def describe(paths: dict[str, Any]) -> None:
    """Add the bodies of uploads and the zip of results."""
    fields = BatchRequest.model_json_schema()["properties"]
    opening = paths["/v1/batches"]["post"]
    content = _documents(fields)
    content["application/json"] = {"schema": {"type": "object", "properties": fields}}
    opening["requestBody"] = {"required": False, "content": content}
    opening["parameters"] = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "up to 255 characters, kept 24 h: a repeated request makes one batch",
            "schema": {"type": "string"},
        },
        *({"name": name, "in": "query", "schema": schema} for name, schema in fields.items()),
    ]
    opening["responses"]["202"] = {
        **opening["responses"]["201"],
        "description": "The documents were accepted; the batch is unpacked and read",
    }
    adding = paths["/v1/batches/{batch_id}/documents"]["post"]
    adding["requestBody"] = {"required": True, "content": _documents({})}
    results = paths["/v1/batches/{batch_id}/results"]["get"]["responses"]["200"]
    results["content"][_ZIP] = {"schema": _BINARY}


def _documents(fields: dict[str, Any]) -> dict[str, Any]:
    files = {"type": "array", "items": _BINARY, "description": "the documents, or one zip of them"}
    return {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": files, **fields}}
        },
        _ZIP: {"schema": {**_BINARY, "description": "a zip of documents; fields in the query"}},
        "application/x-ndjson": {"schema": _line()},
    }


def _line() -> dict[str, Any]:
    options = JobRequest.model_json_schema()["properties"]
    named = {
        "custom_id": {"type": "string", "description": "its own name; the line's number if absent"},
        "name": {"type": "string", "description": "the document's name"},
        "url": {"type": "string", "description": "where to fetch the document"},
        "data": {
            "type": "string",
            "contentEncoding": "base64",
            "description": "the document, instead of `url`",
        },
    }
    given = {name: schema for name, schema in options.items() if name not in _OF_THE_BATCH}
    return {
        "type": "object",
        "description": "one such object a line; fields of the batch in the query",
        "properties": {**named, **given},
    }
