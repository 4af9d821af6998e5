"""The description of the API (OpenAPI 3.1), put together from what the views say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flask import Flask
from werkzeug.routing import Rule

from api.http.operations import JSON, Answer, Body, ErrorBody, Operation
from api.http.problems import MEDIA_TYPE, STATUSES, ProblemDetails
from api.http.schemas import Schema, Schemas
from api.webhooks.told import webhooks_of
from shared import errors
from shared.errors import DocchuError

_INFO = {
    "title": "Docchu",
    "version": "1",
    "description": "Reads documents: images, TIFF and PDF to text, Vietnamese first.",
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_TAGS = {
    "Jobs": ("One document each: submit, watch, cancel, erase.", ("jobs", "events", "timeline")),
    "Results": ("What was read, in its formats.", ("results", "page_results", "files")),
    "Corrections": ("What people set right in results.", ("corrections",)),
    "Batches": ("Many documents as one.", ("batches", "batch_results")),
    "Webhooks": ("Be told when a job or batch ends.", ("webhooks", "deliveries")),
    "TorchServe": ("What TorchServe's clients ask for.", ("torchserve", "management")),
    "Azure": ("What Azure Document Intelligence's clients ask for.", ("azure",)),
    "Open WebUI": ("What its external document loader asks for.", ("openwebui",)),
    "Operation": ("What operators see and do, with a key of the role `admin`.", ("admin",)),
    "Health": ("Alive, ready, figures.", ("health", "figures")),
}
_TAG_OF = {name: tag for tag, (_, names) in _TAGS.items() for name in names}
_SECURITY = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key made with `docchu keys create`. Listening on loopback only, the "
        "service may run without keys.",
    },
    "subscriptionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "Ocp-Apim-Subscription-Key",
        "description": "The same key where Azure's clients send it.",
    },
}
_PROBLEMS = ErrorBody(MEDIA_TYPE, ProblemDetails, lambda kind: int(STATUSES[kind]))
_OPEN = frozenset({"health"})
"""The blueprints that ask for no key."""
_ID = "[A-Za-z0-9_-]{24}$"
_IN_PATHS: dict[str, Schema] = {
    "job_id": {"type": "string", "pattern": f"^job_{_ID}"},
    "batch_id": {"type": "string", "pattern": f"^bat_{_ID}"},
    "webhook_id": {"type": "string", "pattern": f"^whk_{_ID}"},
    "delivery_id": {"type": "string", "pattern": f"^dlv_{_ID}"},
    "number": {"type": "integer", "minimum": 1, "description": "the page's, from 1"},
    "line": {"type": "integer", "minimum": 0, "description": "its place on the page, from 0"},
    "field": {
        "type": "string",
        "pattern": r"^(items\[[1-9][0-9]{0,3}\]\.)?[a-z][a-z0-9_]{0,39}$",
        "description": "its name, such as `number` or `items[1].amount`",
    },
    "format": {"type": "string", "enum": ["text", "markdown", "html", "hocr", "alto"]},
    "model": {"type": "string", "description": "a model's name"},
    "model_id": {"type": "string", "enum": ["prebuilt-read", "prebuilt-layout"]},
    "result_id": {"type": "string", "pattern": f"^job_{_ID}", "description": "a job's id"},
    "version": {"type": "string", "description": "a model's; of a prediction it is not looked at"},
}
_HEADERS: dict[str, Schema] = {
    "Location": {"type": "string", "description": "where it can be watched"},
    "Operation-Location": {"type": "string", "description": "where to ask how it stands"},
    "Retry-After": {"type": "integer", "description": "seconds after which to ask again"},
    "Idempotent-Replayed": {"const": "true", "description": "an earlier request made it"},
    "Preference-Applied": {"type": "string", "description": "what of `Prefer` was done"},
    "RateLimit-Policy": {"type": "string", "description": "pages that may wait, of one tenant"},
    "RateLimit": {"type": "string", "description": "how many more there may be now"},
    "ETag": {"type": "string", "description": "for `If-None-Match`"},
    "Content-Disposition": {"type": "string", "description": "with a file name"},
    "WWW-Authenticate": {"type": "string", "description": "that a key is wanted"},
}


_TOO_LONG = "`uri_too_long`: The address with its query has more than 4,094 bytes."


def describe(app: Flask, max_ttl_s: int) -> Schema:
    """The whole document."""
    schemas = Schemas(max_ttl_s)
    paths: dict[str, Schema] = {}
    for rule, described in _operations(app):
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
        blueprint, name = rule.endpoint.split(".")
        for index, method in enumerate(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})):
            paths.setdefault(path, {})[method.lower()] = {
                "operationId": f"{name}_{method.lower()}" if index else name,
                "tags": [_TAG_OF[blueprint]],
                **_words(app.view_functions[rule.endpoint].__doc__ or ""),
                **_operation(schemas, rule, described, has_key=blueprint not in _OPEN),
            }
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/", "description": "the service that gives this description"}],
        "tags": [{"name": tag, "description": words} for tag, (words, _) in _TAGS.items()],
        "paths": paths,
        "webhooks": webhooks_of(schemas),
        "components": {"schemas": schemas.with_examples(), "securitySchemes": _SECURITY},
    }


def _operations(app: Flask) -> Iterator[tuple[Rule, Operation]]:
    for rule in app.url_map.iter_rules():
        described = getattr(app.view_functions[rule.endpoint], "operation", None)
        if described is not None:
            yield rule, described


def _words(doc: str) -> Schema:
    summary, _, rest = doc.strip().partition("\n")
    lines = "\n".join(line.strip() for line in rest.strip().splitlines())
    return {"summary": summary, **({"description": lines} if lines else {})}


def _operation(schemas: Schemas, rule: Rule, described: Operation, *, has_key: bool) -> Schema:
    body = described.body
    asked = body.fields if isinstance(body, Body) else described.query
    query = schemas.fields(asked)
    wanted = {
        name for name, one in (asked.model_fields if asked else {}).items() if one.is_required()
    }
    # Options may stand in a form, and browsers send its empty fields: they count as absent.
    more: Schema = {"allowEmptyValue": True} if isinstance(body, Body) else {}
    kinds: list[type[DocchuError]] = [*described.all_errors, DocchuError]
    found: Schema = {
        "parameters": [
            *(_parameter(name, "path", _IN_PATHS[name]) for name in sorted(rule.arguments)),
            *(
                _parameter(name, "query", schema) | more | {"required": name in wanted}
                for name, schema in query.items()
            ),
            *(_parameter(name, "header", schema) for name, schema in described.headers.items()),
        ]
    }
    if isinstance(body, Body):
        found["requestBody"] = {"required": body.required, "content": schemas.bodies(body)}
    elif body is not None:
        content = schemas.content({JSON: body}, "validation")
        found["requestBody"] = {"required": True, "content": content}
    if has_key:
        found["security"] = [{"apiKey": []}, {"subscriptionKey": []}, {}]
        kinds += [errors.Unauthorized, errors.Forbidden, errors.Unavailable]
    answers = {str(status): _answer(schemas, one) for status, one in described.answers.items()}
    if query:
        content = {MEDIA_TYPE: {"schema": schemas.of(ProblemDetails)}}
        answers["414"] = {"description": _TOO_LONG, "content": content}
    problems = _problems(schemas, kinds, described.error_body or _PROBLEMS)
    return {**found, "responses": answers | problems}


def _parameter(name: str, where: str, schema: Schema) -> Schema:
    schema = dict(schema)
    told = {"description": schema.pop("description")} if "description" in schema else {}
    found = {"name": name, "in": where, "required": where == "path", **told}
    if schema.get("type") == "object":  # which has no other form in a query than JSON
        return {**found, "content": {JSON: {"schema": schema, "example": {}}}}
    return {**found, "schema": schema}


def _answer(schemas: Schemas, answer: Answer) -> Schema:
    found: Schema = {"description": answer.description}
    if answer.headers:
        found["headers"] = _headers(*answer.headers)
    if answer.content:
        found["content"] = schemas.content(answer.content)
    return found


def _problems(schemas: Schemas, kinds: Iterable[type[DocchuError]], body: ErrorBody) -> Schema:
    """The errors of these kinds by their status."""
    by_status: dict[int, list[type[DocchuError]]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(body.status_of(kind), []).append(kind)
    content = {body.media_type: {"schema": schemas.of(body.model)}}
    found: Schema = {}
    for status, alike in sorted(by_status.items()):
        meanings = [f"`{kind.code}`: {kind().detail}" for kind in alike]
        found[str(status)] = {"description": "\n\n".join(meanings), "content": content}
        headers = ["Retry-After"] if any(kind.transient for kind in alike) else []
        headers += ["WWW-Authenticate"] if errors.Unauthorized in alike else []
        if headers:
            found[str(status)]["headers"] = _headers(*headers)
    return found


def _headers(*names: str) -> Schema:
    found = {}
    for name in names:
        schema = dict(_HEADERS[name])
        found[name] = {"description": schema.pop("description"), "schema": schema}
    return found
