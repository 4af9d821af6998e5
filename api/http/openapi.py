"""What APIFlask cannot tell from the code: streamed bodies, headers, problems and API keys."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from api.batches import openapi
from api.http.problems import MEDIA_TYPE, STATUSES
from api.jobs.formats import FORMATS
from shared import errors
from shared.errors import DocchuError
from shared.options import JobRequest


class HTTPError(BaseModel):
    """An error as problem+json (RFC 9457). `code` is stable; further members are its facts."""

    type: str = "about:blank"
    title: str = Field(description="what the status means")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what went wrong, for people")
    code: str = Field(description="what went wrong, for programs")


_PREFIX = "#/components/schemas/"
_PROBLEM = {"$ref": f"{_PREFIX}HTTPError"}
_TEXT = {"text/plain": {"schema": {"type": "string"}}}
CONFIG = {
    "AUTO_SERVERS": False,  # the first caller's Host header would be everybody's server
    "AUTO_404_RESPONSE": False,
    "AUTO_VALIDATION_ERROR_RESPONSE": False,
    "HTTP_ERROR_SCHEMA": HTTPError.model_json_schema(),
    "SECURITY_SCHEMES": {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key made with `docchu keys create`. Listening on loopback only, the "
            "service may run without keys.",
        }
    },
}
_OPEN = ("/healthz", "/ping", "/readyz", "/metrics")
_BINARY = {"type": "string", "format": "binary"}


def answers(*kinds: type[DocchuError]) -> dict[int, str]:
    """Describe the problems that a view answers with, by status."""
    found: dict[int, list[str]] = {}
    for kind in kinds:
        meaning = (kind.__doc__ or "").strip().split("\n")[0]
        found.setdefault(int(STATUSES[kind]), []).append(f"`{kind.code}`: {meaning}")
    return {status: "\n\n".join(texts) for status, texts in found.items()}


def complete(spec: dict[str, Any] | str) -> dict[str, Any] | str:
    """Add to the document what the decorators cannot say."""
    if isinstance(spec, str):  # YAML, which nobody asks for
        return spec
    _name_shortly(spec)
    for schema in spec["components"]["schemas"].values():
        schema.get("properties", {}).pop("tenant", None)  # kept, but never shown
        if "tenant" in schema.get("required", ()):
            schema["required"].remove("tenant")
    paths = spec["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            _complete_operation(path, operation)
    _describe_submission(paths["/v1/jobs"]["post"])
    openapi.describe(paths)
    result = _content(paths["/v1/jobs/{job_id}/result"]["get"])
    for chosen in FORMATS.values():
        # A file is made of bytes, which a schema says by saying nothing (OpenAPI 3.1, 4.8.14.3).
        schema = {"schema": {"type": "string"}} if chosen.stream else {}
        result.setdefault(chosen.media_type, schema)
    paths["/metrics"]["get"]["responses"]["200"]["content"] = _TEXT
    described = _content(paths["/models/{model}"]["get"])["application/json"]
    described["schema"] = {"type": "array", "items": described["schema"]}
    for path in ("/predictions/{model}", "/predictions/{model}/{version}"):
        for operation in paths[path].values():
            operation["responses"]["200"]["content"] = _TEXT
            operation["requestBody"] = _prediction_body()
    return spec


def _content(operation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = operation["responses"]["200"]["content"]
    return found


def _name_shortly(spec: dict[str, Any]) -> None:
    """Name every model once: APIFlask has a `Job.Model` beside a `Result.Model`."""

    def shorten(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                part["$ref"] = _PREFIX + part["$ref"].removeprefix(_PREFIX).rpartition(".")[2]
            part = list(part.values())
        if isinstance(part, list):
            for one in part:
                shorten(one)

    shorten(spec)
    components = spec["components"]
    components["schemas"] = {
        name.rpartition(".")[2]: schema for name, schema in components["schemas"].items()
    }


def _complete_operation(path: str, operation: dict[str, Any]) -> None:
    found = operation["responses"]
    always: list[type[DocchuError]] = [errors.DocchuError]
    if path not in _OPEN:
        operation["security"] = [{"apiKey": []}]
        always += [errors.Unauthorized, errors.Unavailable]
    for status, meaning in answers(*always).items():
        found.setdefault(str(status), {"description": meaning})
    for status, answer in found.items():
        if int(status) >= 400:
            answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}


def _describe_submission(operation: dict[str, Any]) -> None:
    options = JobRequest.model_json_schema()["properties"]
    operation["requestBody"] = {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _object({"file": {**_BINARY, "description": "the document"}, **options})
            },
            "application/json": {
                "schema": _object(
                    {
                        "url": {"type": "string", "description": "where to fetch the document"},
                        "data": {
                            "type": "string",
                            "contentEncoding": "base64",
                            "description": "the document, instead of `url`",
                        },
                        **options,
                    }
                )
            },
            "*/*": {"schema": {**_BINARY, "description": "the document; options in the query"}},
        },
    }
    operation["parameters"] = [
        _header(
            "Idempotency-Key", "up to 255 characters, kept 24 h: a repeated request makes one job"
        ),
        _header("Prefer", "`wait=N`: answer 200 with the finished job if it ends in N seconds"),
        *({"name": name, "in": "query", "schema": schema} for name, schema in options.items()),
    ]
    operation["responses"]["200"] = {
        **operation["responses"]["202"],
        "description": "The job ended within `Prefer: wait`",
    }


def _prediction_body() -> dict[str, Any]:
    text = {"type": "string", "contentEncoding": "base64"}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _object({"data": _BINARY, "body": _BINARY})},
            "application/json": {"schema": _object({"data": text, "body": text})},
            "*/*": {"schema": {**_BINARY, "description": "the bytes, or base64 text of them"}},
        },
    }


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
