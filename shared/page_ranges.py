"""Which pages of a document are wanted, written as `1-3,7`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_LENGTH = 1000  # characters
_RANGE = re.compile(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?", re.ASCII)


@dataclass(frozen=True)
class PageRanges:
    """Ranges of pages, both ends included, counted from 1."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> PageRanges:
        """Read `1-3,7`; spaces around a range are allowed. Raises ValueError."""
        if len(text) > _MAX_LENGTH:
            raise ValueError(f"it is longer than {_MAX_LENGTH} characters")
        return cls(tuple(_range(part.strip()) for part in text.split(",")))

    def select(self, num_pages: int) -> list[int]:
        """The wanted pages of a document of `num_pages`, in order and once each; maybe none."""
        wanted: set[int] = set()
        for first, last in self.ranges:
            wanted.update(range(first, min(last, num_pages) + 1))
        return sorted(wanted)


def _range(part: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(part)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
    if first > last:
        raise ValueError("it must be written like `1-3,7`, from 1 up")
    return first, last
