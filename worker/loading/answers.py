"""What a child answered. It had a stranger's file in its hands: nothing it says is taken on trust.

Whatever is no answer to what was asked is a ValueError, TypeError or RecursionError; the child that
gave it is ended.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors.documents import (
    DocumentDamaged,
    DocumentEncrypted,
    DocumentError,
    DynamicForm,
    PageTooLarge,
    TooManyPages,
)
from worker.loading import protocol
from worker.loading.limits import LoadLimits
from worker.loading.pdf import layer_json
from worker.ocr.layer.words import LayerWord

_ERRORS: dict[str, type[DocumentError]] = {
    error.code: error
    for error in (DocumentDamaged, DocumentEncrypted, DynamicForm, PageTooLarge, TooManyPages)
}
_MOST_REDUCED = 9
"""Pixels of a side of a picture's file to one that is decoded: eight, and what rounding adds."""


@dataclass(frozen=True)
class Answer:
    """One of these; `damage` says what a picture lacks, `full` is its height and width in the file,
    `refusal` is an error to raise."""

    num_pages: int = 0
    picture: NDArray[np.uint8] | None = None
    damage: str | None = None
    full: tuple[int, int] = (0, 0)
    layer: Sequence[LayerWord] | None = None
    refusal: DocumentError | FileNotFoundError | None = None


@dataclass(frozen=True)
class Line:
    """The connection to a child that has been asked something, and the window that it fills.

    Until `deadline_s` it may take; `check` raises once nobody waits for the answer any more.
    """

    connection: socket.socket
    window: memoryview | None
    deadline_s: float
    check: protocol.Check

    def answer(self, verb: str, limits: LoadLimits) -> Answer:
        """Receive it; raises as `protocol.receive` does, TypeError and RecursionError."""
        header = protocol.receive(self.connection, self.deadline_s, self.check)
        json.dumps(header, ensure_ascii=False).encode()  # raises where a text could not be stored
        if "error" in header:
            return Answer(refusal=_refusal(header))
        if verb == "count":
            return Answer(num_pages=_number(header, "num_pages", limits.max_pages))
        if verb == "layer":
            num_bytes = _number(header, "layer_bytes", protocol.MAX_LAYER_BYTES)
            return Answer(layer=layer_json.decoded(self._bytes(num_bytes)))
        return self._page(header, limits.max_page_pixels)

    def _page(self, header: protocol.Header, max_pixels: int) -> Answer:
        height, width = (_number(header, side, max_pixels) for side in ("height", "width"))
        if height * width > max_pixels:
            raise ValueError(f"a page of {height} x {width} pixels")
        damage = header.get("damage")
        if not (damage is None or isinstance(damage, str)):
            raise TypeError("damage that is no text")
        full = _full_size(header.get("full"), height, width)
        picture = np.empty((height, width, 3), np.uint8)
        self._fill(picture.reshape(-1))
        return Answer(picture=picture, damage=damage, full=full)

    def _fill(self, pixels: NDArray[np.uint8]) -> None:
        """Copy them: what the child does with the window later is no part of the page."""
        if self.window is None:
            protocol.receive_into(self.connection, pixels.data, self.deadline_s, self.check)
            return
        seen = np.frombuffer(self.window, np.uint8)  # copied without the interpreter lock
        for start in range(0, len(pixels), len(seen)):
            if start:
                protocol.give_turn(self.connection)
            protocol.await_turn(self.connection, self.deadline_s, self.check)
            part = pixels[start : start + len(seen)]
            part[:] = seen[: len(part)]

    def _bytes(self, number: int) -> bytes:
        encoded = bytearray(number)
        protocol.receive_into(self.connection, memoryview(encoded), self.deadline_s, self.check)
        return bytes(encoded)


def _number(header: protocol.Header, name: str, most: int) -> int:
    number = header.get(name)
    if type(number) is not int or not 1 <= number <= most:
        raise ValueError(f"{name} that is none")
    return number


def _full_size(told: object, height: int, width: int) -> tuple[int, int]:
    """What a picture has in its file; a child may say nothing, or nonsense."""
    match told:
        case [int(high), int(wide)] if (
            height <= high <= _MOST_REDUCED * height and width <= wide <= _MOST_REDUCED * width
        ):
            return high, wide
    return height, width


def _refusal(header: protocol.Header) -> DocumentError | FileNotFoundError:
    if header["error"] == "file_not_found":
        return FileNotFoundError("the document is gone")
    detail, facts = header.get("detail"), header.get("facts")
    if not (isinstance(detail, str) and isinstance(facts, dict)):
        raise TypeError("a refusal that says nothing")
    return _ERRORS.get(str(header["error"]), DocumentDamaged)(detail, **facts)
