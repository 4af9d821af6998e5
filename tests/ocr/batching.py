"""A device for the batcher that runs batches when it is let."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from worker.ocr.batcher import Answer, Batcher, Group

PIXELS = 100


class Device:
    """Runs batches when it is let, and remembers them."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[str]]] = []
        self.is_free = threading.Event()
        self.is_busy = threading.Event()
        self.fails: Callable[[Sequence[str]], Exception | None] = lambda _: None

    def run(self, key: str, payloads: Sequence[str]) -> list[str]:
        self.is_busy.set()
        assert self.is_free.wait(10)
        self.batches.append((key, list(payloads)))
        if (error := self.fails(payloads)) is not None:
            raise error
        return [payload.upper() for payload in payloads]


def submit(batcher: Batcher, key: str, given: Sequence[str], **named: Any) -> Answer:
    pixels = named.pop("pixels", PIXELS)
    return batcher.submit([Group(key, given, pixels)], **named)
