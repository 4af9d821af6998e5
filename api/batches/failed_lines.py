"""Counts lines that plainly hold no document, as they come in: each would become a failed job."""

from __future__ import annotations

import json
from codecs import BOM_UTF8

from shared.errors import TooManyFailedLines

_LONGEST = 4096  # bytes; what is longer may hold a document, and is looked at when it is unpacked


class FailedLines:
    """Takes lines of JSON in pieces. Raises TooManyFailedLines as soon as that is known."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._num = 0
        self._line = bytearray()

    def write(self, data: bytes) -> None:
        """Look at some bytes."""
        first, *others = data.split(b"\n")
        self._go_on(first)
        for part in others:
            self.end()
            self._go_on(part)

    def end(self) -> None:
        """Say that a line ends here."""
        line = bytes(self._line).removeprefix(BOM_UTF8).strip()
        self._line.clear()
        if 0 < len(line) <= _LONGEST and not _may_hold_a_document(line):
            self._num += 1
        if self._num > self._most:
            raise TooManyFailedLines(
                f"More than {self._most} lines of the upload hold no document, and so many jobs "
                "that have ended are kept: nothing was taken. Is it one JSON object a line, with "
                "`url` or `data`?",
                max_jobs=self._most,
            )

    def _go_on(self, part: bytes) -> None:
        if len(self._line) <= _LONGEST:
            self._line += part[: _LONGEST + 1]


def _may_hold_a_document(line: bytes) -> bool:
    try:
        members = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(members, dict):
        return False
    url, data = members.get("url"), members.get("data")
    is_address = isinstance(url, str) and url.lower().startswith(("http://", "https://"))
    return is_address or (isinstance(data, str) and data != "")
