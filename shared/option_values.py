"""What stands in an option: checked by itself."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from shared.incoming import strict_json
from shared.incoming.paths import MAX_CUSTOM_ID
from shared.page_ranges import PageRanges

MAX_METADATA_BYTES = 4096
MAX_METADATA_DEPTH = 32
"""Of objects and lists in each other. Much deeper ones cannot be written as JSON by everybody."""


def _pages(text: str) -> str:
    PageRanges.parse(text)
    return text


def _metadata(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("it must be a JSON object")
    if strict_json.depth(value) > MAX_METADATA_DEPTH:
        raise ValueError(f"it is nested more than {MAX_METADATA_DEPTH} deep")
    if strict_json.num_bytes(value) > MAX_METADATA_BYTES:
        raise ValueError(f"it is longer than {MAX_METADATA_BYTES} bytes")
    return value


def _custom_id(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("it must be printable")
    return unicodedata.normalize("NFC", text)


Pages = Annotated[str, AfterValidator(_pages)]
"""Ranges of pages, such as `1-3,7`."""
Metadata = Annotated[dict[str, Any], BeforeValidator(_metadata)]
"""A small and shallow JSON object."""
CustomId = Annotated[str, Field(min_length=1, max_length=MAX_CUSTOM_ID), AfterValidator(_custom_id)]
"""A document's own name, in NFC."""
