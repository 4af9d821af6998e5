"""The bodies and answers of batches, which APIFlask cannot tell from the code."""

from __future__ import annotations

from typing import Any

from api.batch_options import BatchFields

_NDJSON = "application/x-ndjson"
_ZIP = "application/zip"
_BINARY = {"type": "string", "format": "binary"}
_FILES = {
    "type": "array",
    "items": _BINARY,
    "description": "documents, each with its relative path as its file name, or one zip",
}


def describe(paths: dict[str, Any]) -> None:
    """Add to the paths of batches what the decorators cannot say."""
    fields = BatchFields.model_json_schema()["properties"]
    opening = paths["/v1/batches"]["post"]
    opening["requestBody"] = {"required": False, "content": _uploads(fields)}
    opening["requestBody"]["content"]["application/json"] = {
        "schema": {"type": "object", "properties": fields}
    }
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
        "description": "The documents were accepted, and are being taken apart",
    }
    adding = paths["/v1/batches/{batch_id}/documents"]["post"]
    adding["requestBody"] = {"required": True, "content": _uploads({"open": fields["open"]})}
    found = paths["/v1/batches/{batch_id}/results"]["get"]["responses"]["200"]["content"]
    found[_NDJSON] = {"schema": {"type": "string"}}
    found[_ZIP] = {}  # bytes, which a schema says by saying nothing (OpenAPI 3.1, 4.8.14.3)


def _uploads(fields: dict[str, Any]) -> dict[str, Any]:
    form = {"type": "object", "properties": {"file": _FILES, **fields}}
    return {
        "multipart/form-data": {"schema": form},
        _ZIP: {"schema": _BINARY},
        _NDJSON: {
            "schema": {
                "type": "string",
                "description": "a line each: `custom_id`, `url` or `data`, `name`, options",
            }
        },
    }
