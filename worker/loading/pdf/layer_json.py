"""A text layer on its way out of a child, which is not to be trusted: strictly checked JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from worker.loading import protocol
from worker.ocr.layer.words import LayerWord

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_MAX_WORD = 10_000  # characters


def encoded(words: Sequence[LayerWord]) -> bytes:
    """The JSON of a layer; one with more text than any page has counts as none."""
    rows = [
        [word.text[:_MAX_WORD], *(round(side, 1) for side in word[1:5]), word.font, word.is_sure]
        for word in words
    ]
    data = json.dumps(rows, ensure_ascii=False).encode()
    return data if len(data) <= protocol.MAX_LAYER_BYTES else b"[]"


def decoded(data: bytes) -> list[LayerWord]:
    """What a child sent; raises ValueError."""
    return [LayerWord(*word) for word in _words().validate_json(data, strict=True)]


@cache
def _words() -> TypeAdapter[list[tuple[Any, ...]]]:
    # Here because only the loader looks: a child starts without it in two thirds of the time.
    from pydantic import Field, TypeAdapter

    text = Annotated[str, Field(min_length=1, max_length=_MAX_WORD)]
    pixel = Annotated[float, Field(ge=-100_000, le=1_000_000, allow_inf_nan=False)]
    font = Annotated[int, Field(ge=0)]
    word = tuple[text, pixel, pixel, pixel, pixel, font, bool]
    return TypeAdapter(list[word])
