"""What can be asked for with a document, and how a form or a query says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

Priority = Literal["interactive", "bulk"]
TextLayer = Literal["auto", "ignore", "trust"]
LanguageModel = Literal["auto", "off"]


class ReadingOptions(TypedDict, total=False):
    """How a document is read and what becomes of it; what is absent or None is the service's own.

    `pages` is such as `1-3,7`; `model` is one of those that the service has; `extract` is `auto` or
    a type of document whose fields are to be in the result; `password` opens an encrypted PDF; in
    `timeout_s` seconds the job ends, with what was read by then. The job's end is told to
    `webhook_url` (see docchu.webhooks), on request with its text.
    """

    pages: str | None
    priority: Priority | None
    text_layer: TextLayer | None
    language_model: LanguageModel | None
    metadata: Mapping[str, Any] | None
    ttl_s: int | None
    timeout_s: int | None
    webhook_url: str | None
    webhook_include: Literal["text"] | None
    model: str | None
    extract: str | None
    reuse: Literal["auto", "never"] | None
    password: str | None


def as_texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """Options as a form or a query says them."""
    return {
        name: json.dumps(value, ensure_ascii=False) if name == "metadata" else str(value)
        for name, value in fields.items()
    }
