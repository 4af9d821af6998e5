"""A text layer on its way out of a child, which is not to be trusted: strictly checked JSON."""

from __future__ import annotations

import json
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from worker.loading import protocol
from worker.loading.pdf.layer import Layer

_Pixel = Annotated[float, Field(ge=-100_000, le=1_000_000, allow_inf_nan=False)]


class PlacedWord(NamedTuple):
    """A word with its place in pixels; a turned one stands askew on the page."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    left: _Pixel
    top: _Pixel
    right: _Pixel
    bottom: _Pixel
    is_turned: bool


class PageLayer(BaseModel):
    """A page's own words in the order of the file; `flaw` says why there are none to be used.

    `is_drawn_on`: besides text there are lines or shapes, which may be those of a table.
    `width` and `height` are pixels of the page as it is rendered, and so are the places.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    width: int = Field(ge=1, le=1_000_000)
    height: int = Field(ge=1, le=1_000_000)
    flaw: str | None = Field(max_length=100)
    is_drawn_on: bool
    words: list[PlacedWord]


def encoded(width: int, height: int, layer: Layer) -> bytes:
    """The JSON of a layer; one with more text than any page has counts as flawed."""
    words = [
        [word.text[:10_000], *(round(side, 1) for side in word.place), word.is_turned]
        for word in layer.words
    ]
    fields = {
        "width": width,
        "height": height,
        "flaw": layer.flaw,
        "is_drawn_on": layer.is_drawn_on,
        "words": words,
    }
    data = json.dumps(fields, ensure_ascii=False).encode()
    if len(data) <= protocol.MAX_LAYER_BYTES:
        return data
    return json.dumps(fields | {"flaw": "too long", "words": []}).encode()


def decoded(data: bytes) -> PageLayer:
    """What a child sent; raises ValueError."""
    return PageLayer.model_validate_json(data)
