"""Documents whose pages say by their colour what they do to their reader, and that reader."""

from __future__ import annotations

import io
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.result import Line, Page
from tests.worker.stories import GREY
from worker.ocr.reader import Reading, Timings

Deed = Literal["plain", "slow", "error", "kill", "hang"]
Source = Literal["", "url", "slow", "silent", "cut"]
"""Where a document is: in the request, or behind a URL that gives it, or never does."""

_RED: dict[Deed, int] = {"plain": 10, "slow": 60, "error": 120, "kill": 180, "hang": 240}
_DEEDS = {red: deed for deed, red in _RED.items()}
_SLOW_S = 0.4
_BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))

# What a page's record must say if it was not read.
PROBLEMS: dict[Deed, str] = {"error": "read_failed", "kill": "poison_page", "hang": "poison_page"}


@dataclass(frozen=True)
class Document:
    """A document of a schedule; its number is in the green of its pages, the page's in the blue."""

    number: int
    deeds: tuple[Deed, ...]
    priority: str = "interactive"
    timeout_s: int | None = None
    idempotent: bool = False
    then: Literal["", "cancel", "erase"] = ""
    at_s: float = 0
    source: Source = ""
    model: str = ""

    @property
    def comes(self) -> bool:
        """Whether the service gets its bytes at all."""
        return self.source not in ("silent", "cut")

    def text(self, page: int) -> str:
        """What its reader must say of a page."""
        return f"{self.number} {page % 256}"

    def tiff(self) -> bytes:
        """The document's bytes."""
        pages = [
            Image.new("RGB", (24, 16), (_RED[deed], self.number, page % 256))
            for page, deed in enumerate(self.deeds, start=1)
        ]
        file = io.BytesIO()
        pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
        return file.getvalue()


def random_document(rng: random.Random, number: int, special: Deed | None) -> Document:
    """A document of a few pages, one of them with the special deed."""
    num_pages = rng.choice((1, 1, 1, 2, 3, 5, 7)) if special is None else rng.choice((1, 2, 3))
    deeds: list[Deed] = ["plain"] * num_pages
    if special is not None:
        deeds[rng.randrange(num_pages)] = special
    timeout_s = None
    if special is None and rng.random() < 0.05:
        deeds, timeout_s = ["slow"] * 9, rng.choice((1, 2))
    then = rng.choices(("", "cancel", "erase"), (88, 6, 6))[0]
    return Document(
        number=number,
        deeds=tuple(deeds),
        priority=rng.choice(("interactive", "interactive", "bulk")),
        timeout_s=timeout_s,
        idempotent=rng.random() < 0.5,
        then="" if special else then,
        at_s=rng.uniform(0, 2),
        model=rng.choice(("", "", "", GREY.name)),
    )


@dataclass
class ColourReader:
    """Reads a page's number from its colour, and does what the page is there to do."""

    never: threading.Event = field(default_factory=threading.Event)

    def read(self, picture: NDArray[np.uint8], page: int, **_: object) -> Reading:
        red, document, number = (int(value) for value in picture[0, 0])
        deed = _DEEDS.get(red, "plain")  # the canary is white
        time.sleep(_SLOW_S if deed == "slow" else (document * 13 + number * 7) % 40 / 1000)
        if deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if deed == "hang":
            self.never.wait()
        if deed == "error":
            raise RuntimeError("this page was made to fail")
        line = Line(text=f"{document} {number}", confidence=1, box=_BOX, words=())
        height, width = picture.shape[:2]
        found = Page(page=page, width=width, height=height, lines=(line,))
        return Reading(found, Timings(0.01, 0.02))
